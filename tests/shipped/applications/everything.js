// Node's ways to processes, threads, sockets and files.
const { exec, execFileSync, fork, spawn, spawnSync } = require('node:child_process');
const { Worker, isMainThread, parentPort } = require('node:worker_threads');
const cluster = require('node:cluster');
const crypto = require('node:crypto');
const dns = require('node:dns');
const fs = require('node:fs');
const http = require('node:http');
const os = require('node:os');
const { once } = require('node:events');
const { promisify } = require('node:util');

async function processes() {
  console.log((await promisify(exec)('echo shell')).stdout.trim());
  console.log(execFileSync('cat', { input: 'pipe' }).toString());
  console.log(spawnSync('sh', ['-c', 'exit 6']).status);
  const sleeper = spawn('sleep', ['30'], { detached: true });
  process.kill(-sleeper.pid, 'SIGTERM');
  console.log((await once(sleeper, 'exit'))[1]);
  const child = fork(__filename, ['child']);
  child.send('hello');
  console.log((await once(child, 'message'))[0]);
  await once(child, 'exit');
}

async function threads() {
  const worker = new Worker(__filename);
  worker.postMessage(20);
  console.log((await once(worker, 'message'))[0]);
  await worker.terminate();
  console.log((await promisify(crypto.pbkdf2)('a', 'b', 1000, 8, 'sha256')).toString('hex'));
  console.log(new WebAssembly.Module(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0)) instanceof WebAssembly.Module);
}

async function sockets() {
  console.log((await dns.promises.lookup('localhost', { all: true })).map((entry) => entry.address).sort());
  const server = http.createServer((request, response) => response.end('page')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  console.log(await (await fetch(`http://127.0.0.1:${port}/`)).text());
  server.closeAllConnections();
  server.close();
  console.log(Object.keys(os.networkInterfaces()), os.userInfo.name);
}

async function clustered() {
  cluster.setupPrimary({ exec: __filename, args: ['member'] });
  const member = cluster.fork();
  await once(member, 'listening');
  member.kill('SIGTERM');
  await once(member, 'exit');
  console.log('cluster');
}

async function files() {
  const directory = await fs.promises.mkdtemp('/tmp/node-');
  await fs.promises.writeFile(`${directory}/file`, 'content');
  await fs.promises.copyFile(`${directory}/file`, `${directory}/copy`);
  const watcher = fs.watch(directory);
  fs.renameSync(`${directory}/copy`, `${directory}/moved`);
  await once(watcher, 'change');
  watcher.close();
  console.log(fs.readdirSync(directory));
  fs.rmSync(directory, { recursive: true });
}

async function main() {
  await processes();
  await threads();
  await sockets();
  await clustered();
  await files();
  process.once('SIGUSR2', () => console.log('the end'));
  process.kill(process.pid, 'SIGUSR2');
  await new Promise((resolve) => setTimeout(resolve, 50));
}

if (process.argv[2] === 'child') {
  process.once('message', (message) => {
    process.send(`${message} back`);
    process.disconnect();
  });
} else if (process.argv[2] === 'member') {
  http.createServer().listen(0, '127.0.0.1');
} else if (isMainThread) {
  main();
} else {
  parentPort.on('message', (number) => parentPort.postMessage(number + 1));
}
