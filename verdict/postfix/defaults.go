package postfix

// defaults are the default values of the parameters that an import uses, as of
// Postfix 3.7. Every parameter that is not here has no default: a main.cf that
// refers to it without setting it is an error.
var defaults = map[string]string{
	"compatibility_level": "0",
	"mail_owner":          "postfix",
	"mydestination":       "$myhostname, localhost.$mydomain, localhost",
	"myorigin":            "$myhostname",
	"recipient_delimiter": "",
	"soft_bounce":         "no",

	"relay_domains":            "${{$compatibility_level} < level {2} ? {$mydestination} : {}}",
	"virtual_maps":             "",
	"virtual_alias_maps":       "$virtual_maps",
	"virtual_alias_domains":    "$virtual_alias_maps",
	"virtual_mailbox_maps":     "",
	"virtual_mailbox_domains":  "$virtual_mailbox_maps",
	"alias_maps":               "hash:/etc/aliases, nis:mail.aliases",
	"local_recipient_maps":     "proxy:unix:passwd.byname $alias_maps",
	"relay_recipient_maps":     "",
	"canonical_maps":           "",
	"recipient_canonical_maps": "",
	"smtpd_sender_login_maps":  "",

	"parent_domain_matches_subdomains": "debug_peer_list,fast_flush_domains,mynetworks," +
		"permit_mx_backup_networks,qmqpd_authorized_clients,relay_domains,smtpd_access_maps",

	"smtpd_client_restrictions":      "",
	"smtpd_helo_restrictions":        "",
	"smtpd_sender_restrictions":      "",
	"smtpd_relay_restrictions":       "${{$compatibility_level} < level {1} ? {} : {permit_mynetworks, permit_sasl_authenticated, defer_unauth_destination}}",
	"smtpd_recipient_restrictions":   "",
	"smtpd_data_restrictions":        "",
	"smtpd_end_of_data_restrictions": "",
	"smtpd_restriction_classes":      "",

	"smtpd_relay_before_recipient_restrictions": "${{$compatibility_level} < level {3.6} ? {no} : {yes}}",
	"smtpd_sasl_auth_enable":                    "no",
	"smtpd_delay_reject":                        "yes",
	"smtpd_helo_required":                       "no",
	"smtpd_null_access_lookup_key":              "<>",
	"smtpd_reject_unlisted_recipient":           "yes",
	"smtpd_reject_unlisted_sender":              "no",

	"access_map_defer_code":               "450",
	"access_map_reject_code":              "554",
	"defer_code":                          "450",
	"invalid_hostname_reject_code":        "501",
	"maps_rbl_reject_code":                "554",
	"multi_recipient_bounce_reject_code":  "550",
	"non_fqdn_reject_code":                "504",
	"plaintext_reject_code":               "450",
	"reject_code":                         "554",
	"relay_domains_reject_code":           "554",
	"unknown_address_reject_code":         "450",
	"unknown_client_reject_code":          "450",
	"unknown_hostname_reject_code":        "450",
	"unknown_local_recipient_reject_code": "550",
	"unknown_relay_recipient_reject_code": "550",
	"unknown_virtual_alias_reject_code":   "550",
	"unknown_virtual_mailbox_reject_code": "550",
}
