// Open Foxglove Studio with the layout of this package, or the operator page, in Chromium and save
// what it shows.
import { createRequire } from 'node:module'
import path from 'node:path'
import { parseArgs } from 'node:util'

import { serve } from './server.mjs'

const USAGE = `usage: docs/pictures/take [--viewer ws://HOST:PORT | --recording FILE.mcap |
                            --operator-page http://HOST:PORT --instruction TEXT]
                           [--size WIDTHxHEIGHT] [--settle SECONDS] PICTURE.png`
const PATIENCE_MS = 180_000
const BROWSER_START_MS = 6_000
const SOFTWARE_RENDERING = [
  '--no-sandbox', '--use-gl=angle', '--use-angle=swiftshader', '--enable-unsafe-swiftshader']

const [cache, ...words] = process.argv.slice(2)
const { values: options, positionals } = parseArgs({
  args: words,
  allowPositionals: true,
  options: {
    viewer: { type: 'string', default: 'ws://127.0.0.1:8765' },
    recording: { type: 'string' },
    'operator-page': { type: 'string' },
    instruction: { type: 'string', default: 'put the red block in the yellow bin' },
    size: { type: 'string', default: '1600x1000' },
    settle: { type: 'string', default: '10' },
  },
})
if (positionals.length !== 1) {
  console.error(USAGE)
  process.exit(2)
}

const { chromium } = createRequire(path.join(cache, 'package.json'))('playwright-core')
const [width, height] = options.size.split('x').map(Number)
const server = await serve(path.join(cache, 'node_modules'), options.recording)
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: SOFTWARE_RENDERING })
try {
  const page = await browser.newPage({ viewport: { width, height } })
  page.setDefaultTimeout(PATIENCE_MS)
  page.on('pageerror', error => console.error(`page: ${error.message}`))
  await (options['operator-page'] ? instruct(page) : openViewer(page))
  await page.waitForTimeout(1000 * Number(options.settle))
  await page.screenshot({ path: positionals[0] })
} finally {
  await browser.close()
  server.close()
}

async function instruct(page) {
  await page.goto(options['operator-page'])
  await page.getByText('live', { exact: true }).waitFor()
  await page.waitForTimeout(BROWSER_START_MS) // it takes the cores from the robot
  await page.fill('#instruction', options.instruction)
  await page.keyboard.press('Enter')
}

async function openViewer(page) {
  const query = new URLSearchParams({ layoutId: 'humanoid', ...source() })
  await page.goto(`${server.address}/?${query}`)
  await page.waitForFunction(() => window.complete)
  await page.keyboard.press('[') // closes the side bar
  if (options.recording) {
    await page.keyboard.press('Space') // play
  }
}

function source() {
  return options.recording
    ? { ds: 'remote-file', 'ds.url': `${server.address}/recording.mcap` }
    : { ds: 'foxglove-websocket', 'ds.url': options.viewer }
}
