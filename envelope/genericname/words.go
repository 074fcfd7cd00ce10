package genericname

import "strings"

// kind is the kind of a word in a host name.
type kind uint8

const (
	_        kind = iota
	line          // for: dynamic addresses, a subscriber line, or no name (strong)
	hint          // for: common in such names, but also in others (slight)
	server        // a server, which may be numbered: two octets alone are no sign
	mail          // against: a server that handles mail
	short         // against: the same, but so short that it may mean something else
	static        // against: an address that one customer keeps
	business      // against: a business line
	kinds         // the number of kinds
)

// words are the words that networks all over the world use in generated names. A
// word of a name ends at a dot, a hyphen or a digit. An asterisk is the rest of a
// longer word. Two words with a hyphen match only together.
var words = newVocabulary([kinds]string{
	line: `
		dyn dynamic dynamicip dynip dynpool dynamico dynamique dynamisch dinamic dinamico dinamica
		dhcp dhcpd dhcp* *dhcp pool pools ippool ppp pppoe pppoe* pppoa bras ras
		dial dialup dialup* *dialup dialin dialout isdn slip modem *modem modemcable
		dsl *dsl adsl adsl* sdsl vdsl vdsl* xdsl hdsl dsluser dslaccess dslpool dslline
		cable cablelink cablenet cableuser cablemodem catv hfc docsis
		broadband banda-larga bandalarga banda-ancha bandaancha bredband breitband
		ipngn* ipbf* gpon ftth fttb fttp fttx wimax lte gprs umts hspa cgn cgnat
		customer customers cust custs client clients cliente clientes kunde kunden klient klanten
		subscriber subscribers abonent abonnent assinante suscriptor enduser endusers
		residential resi cpe
		unassigned unallocated unused unknown undefined unnamed unregistered noname noptr nordns noreverse
		no-name no-ptr no-reverse default-rdns not-assigned not-set not-configured`,
	hint: `
		host hosts ip ips ipv addr address node user users usr member members home res
		sub subs abo cm dip din hsd bb fiber fibre fibra wifi wlan wireless hotspot mobile mob
		nat rev reverse rdns ptr reserved spare line port`,
	server: `
		s srv server servers vserver web www app db sql vm vps kvm esx box rack row pod dc k8s core
		m em omp esp send sender delivery news list lists ns dns gw gate gateway proxy lb edge hub cp`,
	mail: `
		mail mail* *mail mxs mta mtas pmta vmta smtp smtp* *smtp mout
		outbound outgoing relay relays postfix exchange newsletter bounce bounces postoffice`,
	short: "mx out",
	static: `
		static statics staticip statique statisch estatico estatica fixed fixe fija fijo fixip
		corporate dedicated dedi colo`,
	business: "business business* *business biz",
})

// networks are the words for a network between the fourth octet of an address and
// the third one: host27.net100.
var networks = set("net network lan subnet segment seg")

// registries are the labels of a country under which domains are registered, as in
// co.uk, com.br and ne.jp.
var registries = set("ac ad co com edu go gob gouv gov gr id ind ltd me mil ne net nom or org plc sch")

func set(list string) map[string]bool {
	members := make(map[string]bool)
	for word := range strings.FieldsSeq(list) {
		members[word] = true
	}
	return members
}

// vocabulary maps words to their kinds.
type vocabulary struct {
	whole        map[string]kind
	begins, ends []affix
}

// affix is the beginning or the end of words of a kind.
type affix struct {
	text string
	kind kind
}

const shortestAffix = len("dsl")

func newVocabulary(lists [kinds]string) vocabulary {
	v := vocabulary{whole: make(map[string]kind)}
	for i, list := range lists {
		k := kind(i)
		for word := range strings.FieldsSeq(list) {
			if begin, ok := strings.CutSuffix(word, "*"); ok {
				v.begins = append(v.begins, affix{begin, k})
			} else if end, ok := strings.CutPrefix(word, "*"); ok {
				v.ends = append(v.ends, affix{end, k})
			} else {
				v.whole[word] = k
			}
		}
	}
	return v
}

// kindOf returns the kind of a word, 0 if it is unknown.
func (v vocabulary) kindOf(word string) kind {
	if k := v.whole[word]; k != 0 || len(word) <= shortestAffix {
		return k
	}
	for _, a := range v.begins {
		if strings.HasPrefix(word, a.text) {
			return a.kind
		}
	}
	for _, a := range v.ends {
		if strings.HasSuffix(word, a.text) {
			return a.kind
		}
	}
	return 0
}
