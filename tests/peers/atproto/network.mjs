// Bluesky's network in a box: PLC directory, PDS, AppView, bsync and Ozone from the npm package @atproto/dev-env.
//   DB_POSTGRES_URL=… PDS_PORT=… CONTROL_PORT=… node network.mjs
// Run in the folder that holds its node_modules. Prints one line of JSON when it is ready; SIGTERM ends it.
// The control port takes POST /settle (everything written is indexed), /down and /up (the PDS goes and comes back).
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import net from 'node:net'
import path from 'node:path'
import { pathToFileURL } from 'node:url'

// dev-env listens on every interface; here only this machine gets in.
const listen = net.Server.prototype.listen
net.Server.prototype.listen = function (...args) {
  const isPort = (value) => typeof value === 'number' || /^\d+$/.test(String(value))
  if (isPort(args[0]) && typeof args[1] !== 'string') args.splice(1, 0, '127.0.0.1')
  else if (args[0] && typeof args[0] === 'object' && args[0].port != null && !args[0].host)
    args[0] = { ...args[0], host: '127.0.0.1' }
  return listen.apply(this, args)
}

const require = createRequire(path.join(process.cwd(), 'package.json'))
const { TestNetwork } = await import(pathToFileURL(require.resolve('@atproto/dev-env')).href)
const port = Number(process.env.PDS_PORT)
const network = await TestNetwork.create({
  dbPostgresSchema: 'bluesky', // letters and _ only
  pds: { port, hostname: 'localhost', enableDidDocWithSession: true },
  bsky: { publicUrl: 'http://localhost:2584' }, // any address; without one the AppView refuses to start
  ozone: {},
})
await network.processAll()

const pds = network.pds.server.server
const commands = {
  '/settle': () => network.processAll(100_000),
  '/down': () => {
    pds.close() // the AppView's own subscription stays: it is not what goes away
    pds.closeAllConnections()
  },
  '/up': () => new Promise((resolve) => pds.listen(port, resolve)),
}
const control = createServer(async (request, response) => {
  try {
    await commands[request.url]()
    response.writeHead(204).end()
  } catch (error) {
    response.writeHead(500).end(String(error))
  }
})
control.listen(Number(process.env.CONTROL_PORT), () => console.log(JSON.stringify({ ready: true, pds: network.pds.url })))

const stop = async () => {
  try {
    await network.close()
  } finally {
    process.exit(0)
  }
}
process.on('SIGTERM', stop)
process.on('SIGINT', stop)
