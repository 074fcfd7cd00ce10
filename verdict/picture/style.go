package picture

// style has the fonts and colours of the picture, on light and on dark pages. It applies
// to the picture only, also where that is part of a page.
const style = `
.policy text { font: 12px "DejaVu Sans", Verdana, Arial, sans-serif; fill: #1c2530 }
.policy .title { font-size: 15px; font-weight: bold }
.policy .name { font-weight: bold }
.policy .note { font-size: 11px; fill: #5a6675 }
.policy .head { font-size: 11px; fill: #5a6675 }
.policy .middle { text-anchor: middle }
.policy .number { font-size: 10.5px; text-anchor: middle }
.policy .kinds { font-family: "DejaVu Sans Mono", Menlo, Consolas, monospace; font-size: 11px }
.policy .page { fill: #ffffff }
.policy .stripe { fill: #f4f6f9 }
.policy .line { stroke: #b9c2cd; stroke-width: 1.5; fill: none }
.policy .grid { stroke: #dfe4ea; stroke-width: 1; fill: none }
.policy .place { fill: #ffffff; stroke: #8d99a8; stroke-width: 1.5 }
.policy .span { fill: #9db8d3 }
.policy .from { fill: #2f5f92 }
.policy .accept { fill: #cfe9d3; stroke: #3f8f52 }
.policy .reject { fill: #f6cfca; stroke: #b8433a }
.policy .tempfail { fill: #f9e0b0; stroke: #b07d13 }
.policy .mark { fill: #ffffff; stroke: #4a7fb5 }
.policy .trial { stroke-dasharray: 3 2 }
@media (prefers-color-scheme: dark) {
.policy text { fill: #e4e9ef }
.policy .note, .policy .head { fill: #9aa7b5 }
.policy .page { fill: #14191f }
.policy .stripe { fill: #1b2129 }
.policy .line { stroke: #4a5563 }
.policy .grid { stroke: #2b333d }
.policy .place { fill: #14191f; stroke: #7b8897 }
.policy .span { fill: #35526f }
.policy .from { fill: #7fb2e3 }
.policy .accept { fill: #1f4a2a; stroke: #5cb573 }
.policy .reject { fill: #5c241f; stroke: #e07a70 }
.policy .tempfail { fill: #523c0c; stroke: #d9a53a }
.policy .mark { fill: #14191f; stroke: #6ea5dc }
}
`
