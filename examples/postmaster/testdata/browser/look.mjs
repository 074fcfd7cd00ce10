// Opens pages in Chromium, in two sizes and both colour schemes, and prints what it saw.
//
//   node look.mjs CHROMIUM FOLDER <plan.json
//
// The plan is a list of pages: {name, url, language, fill, once}. fill has the fields of the
// form of the page by their names; the form is then sent. A page with once is opened in the
// first size and scheme only. The output is a list with one object
// for each look at a page, in JSON. FOLDER gets a screenshot of each.
import fs from 'node:fs'
import path from 'node:path'
import { createRequire } from 'node:module'
import { chromium } from 'playwright-core'

const axe = fs.readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const [executablePath, folder] = process.argv.slice(2)
const plan = JSON.parse(fs.readFileSync(0, 'utf8'))
const sizes = {
  phone: { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true },
  wide: { viewport: { width: 1280, height: 900 } },
}

const browser = await chromium.launch({
  executablePath,
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-dev-shm-usage',
    '--disable-background-networking', '--disable-component-update', '--disable-sync'],
})
const looks = []
for (const size of Object.keys(sizes)) {
  for (const colorScheme of ['light', 'dark']) {
    const context = await browser.newContext({ ...sizes[size], colorScheme })
    for (const page of plan) {
      if (!page.once || looks.length < plan.length) looks.push(await look(context, page, `${size} ${colorScheme}`))
    }
    await context.close()
  }
}
await browser.close()
console.log(JSON.stringify(looks))

async function look(context, wanted, where) {
  const seen = { name: `${wanted.name} ${where}`, page: wanted.name, complaints: [], elsewhere: [] }
  const page = await context.newPage()
  await page.setExtraHTTPHeaders({ 'Accept-Language': wanted.language || 'en' })
  page.on('console', (m) => seen.complaints.push(`console: ${m.type()}: ${m.text()} (${m.location().url})`))
  page.on('pageerror', (e) => seen.complaints.push(`error: ${e.message}`))
  page.on('dialog', async (d) => { seen.complaints.push(`dialog: ${d.message()}`); await d.dismiss() })
  page.on('request', (r) => { if (!r.url().startsWith(new URL(wanted.url).origin + '/') && !r.url().startsWith('data:')) seen.elsewhere.push(r.url()) })

  let response = await page.goto(wanted.url)
  if (wanted.fill) {
    for (const [name, value] of Object.entries(wanted.fill)) await page.locator(`[name=${name}]`).fill(value)
    const sent = page.waitForResponse((r) => r.request().method() === 'POST')
    await page.locator('button').click()
    response = await sent
    await page.waitForLoadState()
  }
  seen.status = response.status()
  // The browser reports the status of a page that says what is wrong.
  seen.complaints = seen.complaints.filter((c) => !(seen.status >= 400 && c.includes(`the server responded with a status of ${seen.status}`)))

  const devtools = await context.newCDPSession(page) // which the Content-Security-Policy does not bind
  const evaluate = async (expression) => {
    const { result, exceptionDetails } = await devtools.send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true })
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description || exceptionDetails.text)
    return result.value
  }
  Object.assign(seen, await evaluate(`({
    language: document.documentElement.lang,
    title: document.title,
    text: document.querySelector('main').innerText,
    scripts: document.querySelectorAll('script, iframe, object, embed').length,
    overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    unexplained: document.querySelectorAll('.rules > li:not(:has(.asks))').length,
  })`))
  await page.screenshot({ path: path.join(folder, seen.name.replaceAll(' ', '-') + '.png'), fullPage: true })
  await evaluate(`document.querySelectorAll('details').forEach((d) => { d.open = true })`)
  await evaluate(axe)
  const found = await evaluate('axe.run(document)')
  seen.checked = found.passes.length
  for (const v of found.violations) {
    for (const node of v.nodes) seen.complaints.push(`axe: ${v.id}: ${node.target.join(' ')}: ${node.failureSummary}`)
  }
  for (const v of found.incomplete) {
    for (const node of v.nodes) seen.complaints.push(`axe is not certain: ${v.id}: ${node.target.join(' ')}: ${node.failureSummary}`)
  }
  await page.close()
  return seen
}
