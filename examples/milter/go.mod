// The milter, in a module of its own: who imports mxrules inherits nothing of this.
module mxrules.example/examples/milter

go 1.25.0

require (
	github.com/d--j/go-milter v0.10.1
	golang.org/x/net v0.43.0
	mxrules.example v0.0.0
)

require (
	blitiri.com.ar/go/spf v1.6.0 // indirect
	github.com/emersion/go-message v0.18.2 // indirect
	github.com/miekg/dns v1.1.68 // indirect
	go.etcd.io/bbolt v1.3.11 // indirect
	golang.org/x/mod v0.27.0 // indirect
	golang.org/x/sync v0.16.0 // indirect
	golang.org/x/sys v0.35.0 // indirect
	golang.org/x/text v0.28.0 // indirect
	golang.org/x/tools v0.36.0 // indirect
)

replace mxrules.example => ../..
