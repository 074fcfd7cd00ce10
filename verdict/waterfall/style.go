package waterfall

// style has the fonts and colours of the picture, on light and on dark pages. It applies
// to the picture only, also where that is part of a page.
const style = `
.waterfall text { font: 12px "DejaVu Sans", Verdana, Arial, sans-serif; fill: #1c2530 }
.waterfall .title { font-size: 14px; font-weight: bold }
.waterfall .reason { font-size: 12.5px }
.waterfall .rule { font-weight: bold }
.waterfall .type, .waterfall .name { font-family: "DejaVu Sans Mono", Menlo, Consolas, monospace; font-size: 11.5px }
.waterfall .type, .waterfall .note { fill: #5a6675 }
.waterfall .note { font-size: 11px }
.waterfall .tick { text-anchor: middle }
.waterfall .page { fill: #ffffff }
.waterfall .grid { stroke: #d5dbe2; stroke-width: 1; fill: none }
.waterfall .answered { fill: #2f78b7 }
.waterfall .failed { fill: #c23b2e }
.waterfall .vain { fill: none; stroke: #6b7785; stroke-width: 1.2; stroke-dasharray: 3 2 }
.waterfall .inner { fill: none; stroke: #ffffff; stroke-width: 1.8 }
.waterfall .decides { fill: #ffc84a; fill-opacity: .25 }
.waterfall .band { fill: #c98a00 }
@media (prefers-color-scheme: dark) {
.waterfall text { fill: #e4e9ef }
.waterfall .type, .waterfall .note { fill: #9aa7b5 }
.waterfall .page { fill: #14191f }
.waterfall .grid { stroke: #323b46 }
.waterfall .answered { fill: #5aa5e0 }
.waterfall .failed { fill: #f0766a }
.waterfall .vain { stroke: #93a0ae }
.waterfall .inner { stroke: #14191f }
.waterfall .band { fill: #e0a92e }
}
`
