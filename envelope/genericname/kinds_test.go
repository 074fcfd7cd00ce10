package genericname_test

import (
	"fmt"
	"testing"
)

// The addresses of these clients have octets of many digits. Shorter numbers may be
// in a name by chance.

func TestWholeAddressBeforePartOfTheClients(t *testing.T) {
	expect(t, []judged{
		{"9.9.3.4", "1-2-3-4.isp.example", "the address 1-2-3-4"},
		{"1.9.9.4", "1-2-3-4.isp.example", "the address 1-2-3-4"},
		{"9.2.3.4", "1-2-3-4.isp.example", "the address 1-2-3-4"},
		{"9.9.4.3", "1.2.3.4.isp.example", "the address 1.2.3.4"},
		{"9.9.23.45", "host-245-117-23-45.isp.example", "the address 245-117-23-45"},
		{"245.117.23.9", "h-245-117-23-45.isp.example", "the address 245-117-23-45"},
		{"9.9.23.45", "245117023045.isp.example", "the address 245117023045"},
		{"2001:db8::3:4", "1-2-3-4.isp.example", "the address 1-2-3-4"},
		// The octets of the client are its address in any order.
		{"64.53.171.35", "d53-64-35-171.isp.example", "the client's address 53-64-35-171"},
		{"245.117.23.45", "45-245-23-117.isp.example", "the client's address 45-245-23-117"},
		{"245.117.23.45", "a45.117.245-23.isp.example", "the client's address 45.117.245-23"},
		{"245.117.23.45", "d117-245-45-23.dsl.isp.example", `the client's address 117-245-45-23 and the word "dsl"`},
	})
}

// A name with a whole address is generic for all clients whose addresses share
// octets with it.
func TestWholeAddressIsGenericForEveryClient(t *testing.T) {
	octets := [4]int{245, 117, 23, 45}
	for _, name := range []string{"245-117-23-45.isp.example", "x245.117.23.45.isp.example", "245117023045.isp.example"} {
		for shared := range 1 << len(octets) {
			client := octets
			for i := range client {
				if shared>>i&1 == 0 {
					client[i] = 9
				}
			}
			address := fmt.Sprintf("%d.%d.%d.%d", client[0], client[1], client[2], client[3])
			if _, generic := judge(t, name, address); !generic {
				t.Errorf("%s is not generic for the client %s", name, address)
			}
		}
	}
}

func TestLastTwoOctetsWithoutAWord(t *testing.T) {
	const client = "245.117.121.142"
	expect(t, []judged{
		{client, "c121-142.isp.example", "the part 121-142 of the client's address"},
		{client, "c142-121.isp.example", "the part 142-121 of the client's address"},
		{client, "zx-121-142.isp.example", "the part 121-142 of the client's address"},
		{client, "zx-yw-121-142.city.isp.example", "the part 121-142 of the client's address"},
		{client, "c121.142.isp.example", "the part 121.142 of the client's address"},
		{client, "q121142.isp.example", "the part 121142 of the client's address"},
		{"245.117.24.72", "net24-72.isp.example", "the part 24-72 of the client's address"},
		{"245.117.24.73", "hst-24-73.isp.example", "the part 24-73 of the client's address"},
		// The host and its network, each with a word.
		{"245.117.178.190", "host190.net178.isp.example", `the part 190.net178 of the client's address and the word "host"`},
		{"245.117.178.190", "x190.net178.isp.example", "the part 190.net178 of the client's address"},
		{"245.117.178.190", "x-190.lan-178.isp.example", "the part 190.lan-178 of the client's address"},
		{"245.117.178.190", "190.subnet178.isp.example", "the part 190.subnet178 of the client's address"},
		// The last octet, and the first two in the next label.
		{client, "zx-1-1502-142.w245-117.abo.isp.example", `the part 142.w245-117 of the client's address and the word "abo"`},
		// Numbered servers, and numbers that may be in a name by chance.
		{client, "m121-142.isp.example", ""},
		{client, "srv121-142.isp.example", ""},
		{client, "web-121-142.isp.example", ""},
		{client, "zx121-142.rack.isp.example", ""},
		{client, "www142.row121.isp.example", ""},
		{client, "zx142.pod121.isp.example", ""},
		{client, "zx121-142.postmail.example", ""},
		{client, "sender-121-142.isp.example", ""},
		{client, "zx-1-1502-142.w245-117.isp.example", ""},
		{"245.117.178.190", "srv190.net178.isp.example", ""},
		{"245.117.178.190", "net178.host190.isp.example", ""},
		{"245.117.4.72", "c4-72.isp.example", ""},
		{"245.117.2.10", "x10.net2.isp.example", ""},
		// Numbers before other text, or in a longer sequence of numbers.
		{client, "c121-142a.isp.example", ""},
		{client, "c7-121-142.isp.example", ""},
		{client, "c121-142-7.isp.example", ""},
		// A word against outweighs them like any other single sign.
		{client, "static-121-142.isp.example", ""},
		{client, "mail-121-142.isp.example", ""},
		{client, "c121-142.business.isp.example", ""},
	})
}

func TestCompoundWords(t *testing.T) {
	const client = "245.117.121.142"
	for _, tc := range []struct{ name, word string }{
		{"athedsl-370123.isp.example", "athedsl"},
		{"abc123.internetdsl.isp.example", "internetdsl"},
		{"cmodem7.isp.example", "cmodem"},
		{"cablelink71.isp.example", "cablelink"},
		{"cablenet7.isp.example", "cablenet"},
		{"modemcable7.isp.example", "modemcable"},
		{"adsluser7.isp.example", "adsluser"},
		{"dhcppool7.isp.example", "dhcppool"},
		{"userdhcp7.isp.example", "userdhcp"},
		{"p1234-ipngn99west.isp.example", "ipngn"},
		{"p1234-ipngnfx01west.isp.example", "ipngnfx"},
		{"no-reverse.isp.example", "no-reverse"},
		{"no-reverse-dns-configured.isp.example", "no-reverse"},
		{"not-assigned.isp.example", "not-assigned"},
		{"banda-larga-7.isp.example", "banda-larga"},
		{"bandaancha7.isp.example", "bandaancha"},
		{"dslr.photo.example.org", ""},
		{"modemworks.history.example.org", ""},
		{"cablecar.tourism.example.org", ""},
		{"aerodynamic.lab.example.org", ""},
		{"not-only.poetry.example.org", ""},
		{"web.athedsl.example", ""},
	} {
		sign := ""
		if tc.word != "" {
			sign = `the word "` + tc.word + `"`
		}
		expect(t, []judged{{client, tc.name, sign}})
	}
}

// The words mx and out mean mail, unless another word is between them and an
// address.
func TestShortWordsForMail(t *testing.T) {
	const client = "88.169.173.73"
	expect(t, []judged{
		{client, "mx-ll-88.169.173-73.isp.example", "the client's address 88.169.173-73"},
		{client, "mx-ll-88-169-173-73.isp.example", "the client's address 88-169-173-73"},
		{client, "mx-ll-88.169.173-73.dynamic.isp.example", `the client's address 88.169.173-73 and the word "dynamic"`},
		{client, "out-of-use-88-169-173-73.isp.example", "the client's address 88-169-173-73"},
		{client, "mx-88-169-173-73.isp.example", ""},
		{client, "mx-out-88-169-173-73.isp.example", ""},
		{client, "out-mx-88-169-173-73.isp.example", ""},
		{client, "88-169-173-73-mx.isp.example", ""},
		{client, "mail-ll-88-169-173-73.isp.example", ""},
		{client, "mx-a173-73.isp.example", ""},
		{client, "webmail-88-169-173-73.isp.example", ""},
		{client, "smtpgate-88-169-173-73.isp.example", ""},
		{client, "88-169-173-73.mx-ll.isp.example", ""},
		{client, "mx-ll.88-169-173-73.isp.example", ""},
		{client, "mx-ll.dsl.isp.example", ""},
	})
}

func TestStaticBusinessLine(t *testing.T) {
	const client = "50.203.126.142"
	expect(t, []judged{
		{client, "50-203-126-142-static.hfc.cablebusiness.example", ""},
		{client, "50-203-126-142-static.hfc.business.example.net", ""},
		{client, "static-50-203-126-142.dsl.biz.isp.example", ""},
		{client, "static-50-203-126-142.cable.businessline.example", ""},
		{client, "business-50-203-126-142.dsl.static.isp.example", ""},
		// One kind of word against does not outweigh two signs.
		{client, "50-203-126-142-static.hfc.isp.example", `the client's address 50-203-126-142 and the word "hfc"`},
		{client, "50-203-126-142.cablebusiness.example", "the client's address 50-203-126-142"},
		{client, "dhcp-7.cablebusiness.example", `the word "dhcp"`},
		{client, "50-203-126-142.hfc.cablebusiness.example", `the client's address 50-203-126-142 and the word "hfc"`},
		{client, "static-static-50-203-126-142.hfc.isp.example", `the client's address 50-203-126-142 and the word "hfc"`},
	})
}
