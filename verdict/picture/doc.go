// Package picture draws a policy: its rules in order, what each does with the finding of
// its check, under which conditions, from which command of SMTP on its checks answer, and
// what it asks DNS.
//
//	picture.SVG(file, "Inbound mail", policy) // for a browser or a report
//	picture.DOT(file, "Inbound mail", policy) // for Graphviz
//
// Use it to show a policy to a colleague, and to see what a change of it did.
//
// A check does not declare what it asks DNS, so each check of the policy is called once
// about an ordinary message that is made up, with made-up DNS, and the picture shows the
// types of its questions. A check of this library that asks only about other messages, as
// dkim.PassFor does about those of its domains, has "(some mail)". A check that answers
// from a store or a function of the site reads it then, with addresses in example.net and
// example.org. Nothing is written.
//
// Names of rules and marks are cleaned and cut, and the SVG has no links and no scripts.
// Both forms may change between releases.
package picture
