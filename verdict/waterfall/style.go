package waterfall

// style has the fonts and colours of the picture, on light and on dark pages.
const style = `
text { font: 12px "DejaVu Sans", Verdana, Arial, sans-serif; fill: #1c2530 }
.title { font-size: 14px; font-weight: bold }
.reason { font-size: 12.5px }
.rule { font-weight: bold }
.type, .name { font-family: "DejaVu Sans Mono", Menlo, Consolas, monospace; font-size: 11.5px }
.type, .note { fill: #5a6675 }
.note { font-size: 11px }
.tick { text-anchor: middle }
.page { fill: #ffffff }
.grid { stroke: #d5dbe2; stroke-width: 1; fill: none }
.answered { fill: #2f78b7 }
.failed { fill: #c23b2e }
.vain { fill: none; stroke: #6b7785; stroke-width: 1.2; stroke-dasharray: 3 2 }
.inner { fill: none; stroke: #ffffff; stroke-width: 1.8 }
.decides { fill: #ffc84a; fill-opacity: .25 }
.band { fill: #c98a00 }
@media (prefers-color-scheme: dark) {
text { fill: #e4e9ef }
.type, .note { fill: #9aa7b5 }
.page { fill: #14191f }
.grid { stroke: #323b46 }
.answered { fill: #5aa5e0 }
.failed { fill: #f0766a }
.vain { stroke: #93a0ae }
.inner { stroke: #14191f }
.band { fill: #e0a92e }
}
`
