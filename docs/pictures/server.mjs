// What the browser asks for: the page, the viewer's own files, our layout and a recording.
import { createReadStream } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import http from 'node:http'
import path from 'node:path'

const HERE = import.meta.dirname
const LAYOUT = path.join(HERE, '../../config/foxglove/humanoid.json')
const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.json': 'application/json',
  '.wasm': 'application/wasm' }

// Serve on a free port of the loopback; returns { address, close }.
export async function serve(modules, recording) {
  const server = http.createServer((request, response) => {
    answer(request, response).catch(error => {
      response.writeHead(error.code === 'ENOENT' ? 404 : 500)
      response.end(error.message)
    })
  })

  async function answer(request, response) {
    const { pathname } = new URL(request.url, 'http://localhost')
    if (pathname === '/recording.mcap') {
      return sendPart(request, response, recording)
    }
    const file = place(pathname)
    let content = await readFile(file)
    if (pathname === '/index.js') {
      content = speakNewProtocol(content)
    }
    response.writeHead(200, { 'content-type': TYPES[path.extname(file)] ?? 'application/octet-stream' })
    response.end(content)
  }

  function place(pathname) {
    const name = path.basename(pathname)
    const places = {
      '/': path.join(HERE, 'page.html'),
      '/layout.json': LAYOUT,
      '/react.js': path.join(modules, 'react/umd/react.production.min.js'),
      '/react-dom.js': path.join(modules, 'react-dom/umd/react-dom.production.min.js'),
    }
    return places[pathname] ?? path.join(modules, '@foxglove/studio-base/assets', name)
  }

  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve))
  return { address: `http://127.0.0.1:${server.address().port}`, close: () => server.close() }
}

// The server speaks today's protocol, which this viewer knows by an older name only.
function speakNewProtocol(script) {
  return script.toString().replaceAll('foxglove.websocket.v1', 'foxglove.sdk.v1')
}

// Recordings are read piece by piece.
async function sendPart(request, response, file) {
  const { size } = await stat(file)
  const [, first, last] = /bytes=(\d+)-(\d*)/.exec(request.headers.range ?? 'bytes=0-')
  const start = Number(first)
  const end = last ? Math.min(Number(last), size - 1) : size - 1
  response.writeHead(request.headers.range ? 206 : 200, {
    'accept-ranges': 'bytes', 'content-length': end - start + 1,
    'content-range': `bytes ${start}-${end}/${size}` })
  createReadStream(file, { start, end }).pipe(response)
}
