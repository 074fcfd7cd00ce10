package genericname

import "strings"

// kind is what a word in the name of a host speaks of.
type kind uint8

const (
	_      kind = iota
	line        // dynamic space, a subscriber's line, or no name at all: strong
	hint        // goes with such names, but with others too: slight
	mail        // a server that handles mail: against
	static      // an address that stays with one customer: against
)

// words are those that networks over the world write into the names of their
// addresses, as they stand between dots, hyphens and digits.
var words = table(map[kind]string{
	line: `
		dyn dynamic dynamicip dynip dynpool dynamico dynamique dynamisch dinamic dinamico dinamica
		dhcp dhcpd pool pools ippool ppp pppoe pppoa bras ras dial dialup dialin dialout isdn slip modem
		dsl adsl sdsl vdsl xdsl hdsl adslpool dsluser cable cablemodem catv hfc docsis
		broadband gpon ftth fttb fttp fttx wimax lte gprs umts hspa cgn cgnat
		customer customers cust custs client clients cliente clientes kunde kunden klient klanten
		subscriber subscribers abonent abonnent assinante suscriptor enduser endusers
		residential resi cpe
		unassigned unallocated unused unknown undefined unnamed unregistered noname noptr nordns`,
	hint: `
		host hosts ip ips ipv addr address node user users usr member members home res
		sub subs abo cm dip din hsd bb fiber fibre fibra wifi wlan wireless hotspot mobile mob
		nat rev reverse rdns ptr reserved spare line port`,
	mail: `
		mail mails mailer mailers mailout mailhost mailserver mailgw mailgate mailrelay email emails
		mx mxs mta mtas smtp smtps smtpout smtpgw smtprelay esmtp mout
		out outbound outgoing relay relays postfix exchange newsletter bounce bounces postoffice`,
	static: `
		static statics staticip statique statisch estatico estatica fixed fixe fija fijo fixip
		business biz corporate dedicated dedi colo`,
})

func table(lists map[kind]string) map[string]kind {
	kinds := make(map[string]kind)
	for kind, list := range lists {
		for word := range strings.FieldsSeq(list) {
			kinds[word] = kind
		}
	}
	return kinds
}

// registries are the labels below a country under which names are registered,
// as in co.uk, com.br and ne.jp.
var registries = table(map[kind]string{
	hint: "ac ad co com edu go gob gouv gov gr id ind ltd me mil ne net nom or org plc sch",
})

// hostPart returns name without the domain that was registered: without its
// last two labels, or three below such as co.uk. It is "" if nothing is left.
func hostPart(name string) string {
	rest, country := cutLast(name)
	rest, second := cutLast(rest)
	if _, registry := registries[second]; registry && len(country) == 2 {
		rest, _ = cutLast(rest)
	}
	return rest
}

// cutLast splits the last label off a name.
func cutLast(name string) (rest, last string) {
	dot := strings.LastIndexByte(name, '.')
	if dot < 0 {
		return "", name
	}
	return name[:dot], name[dot+1:]
}

// wording is what the words of a name say.
type wording struct {
	points  int    // of the weightiest word for a generic name
	word    string // that word
	against int    // points of what speaks against it
}

// readWords reads the words of the labels that name a host. Several of one
// side weigh no more than the weightiest, because they mostly say one thing
// twice (dsl-pool, smtp-out.mail).
func readWords(host string) wording {
	var found wording
	var isMail, isStatic bool
	for start := 0; start < len(host); {
		end := start
		for end < len(host) && 'a' <= host[end] && host[end] <= 'z' {
			end++
		}
		word := host[start:end]
		switch words[word] {
		case line:
			found.weigh(strong, word)
		case hint:
			found.weigh(slight, word)
		case mail:
			isMail = true
		case static:
			isStatic = true
		}
		start = end + 1
	}
	if isMail {
		found.against += strong
	}
	if isStatic {
		found.against += strong
	}
	return found
}

func (w *wording) weigh(points int, word string) {
	if points > w.points {
		w.points, w.word = points, word
	}
}
