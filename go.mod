module mxrules.example

go 1.25.0

require golang.org/x/net v0.40.0

require golang.org/x/text v0.25.0 // indirect
