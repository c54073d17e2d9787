// A primary and two workers that serve on one port, both ways of sharing it; a fork that is handed a connection.
const cluster = require('node:cluster');
const { exec, execFile, fork, spawn } = require('node:child_process');
const dgram = require('node:dgram');
const dns = require('node:dns');
const fs = require('node:fs');
const http = require('node:http');
const net = require('node:net');
const { Worker } = require('node:worker_threads');
const { once } = require('node:events');
const { promisify } = require('node:util');

const host = '10.99.0.1';

async function page(port) {
  const [response] = await once(http.get({ host, port, agent: false }), 'response');
  return (await response.toArray()).join('');
}

async function clustered(policy, port) {
  cluster.schedulingPolicy = policy;
  cluster.setupPrimary({ exec: __filename, args: ['worker', String(port)] });
  const workers = [cluster.fork(), cluster.fork()];
  await Promise.all(workers.map((worker) => once(worker, 'listening')));
  const pages = await Promise.all(Array.from({ length: 40 }, () => page(port)));
  console.log(pages.filter((text) => text === 'worker').length);
  workers[0].kill('SIGKILL');
  await once(workers[0], 'exit');
  console.log(await page(port));
  workers[1].disconnect();
  await once(workers[1], 'exit');
}

async function handed() {
  const child = fork(__filename, ['receiver']);
  const server = net.createServer({ pauseOnConnect: true }, (socket) => child.send('socket', socket));
  server.listen(8083, host);
  await once(server, 'listening');
  const client = net.connect(8083, host);
  console.log((await once(client, 'data')).toString());
  await once(client, 'close');
  child.disconnect();
  await once(child, 'exit');
  server.close();
}

async function processes() {
  const run = promisify(execFile);
  const all = await Promise.all(Array.from({ length: 50 }, (_, number) => run('echo', [number])));
  console.log(all.reduce((sum, { stdout }) => sum + Number(stdout), 0));
  console.log(await promisify(exec)('exit 7').catch((error) => error.code));
  const cat = spawn('cat', { stdio: ['pipe', 'pipe', 'inherit', 'ipc'] });
  cat.stdin.end('through cat');
  console.log((await once(cat.stdout, 'data')).toString());
  console.log(await once(spawn('/missing'), 'error').then(([error]) => error.code));
  const shell = spawn('sh', ['-c', 'read line; echo "shell $line"']);
  shell.stdin.write('line\n');
  console.log((await once(shell.stdout, 'data')).toString().trim());
}

async function threads() {
  const text = 'const { execFileSync } = require("node:child_process");'
    + 'require("node:worker_threads").parentPort.postMessage(execFileSync("echo", ["thread"]).toString().trim())';
  const workers = Array.from({ length: 4 }, () => new Worker(text, { eval: true }));
  console.log(await Promise.all(workers.map((worker) => once(worker, 'message'))));
}

async function names() {
  console.log((await dns.promises.lookup('service.test')).address);
  const ipv4 = await dns.promises.lookup('localhost', { family: 4, all: true });
  console.log(ipv4.map((entry) => entry.address));
  const server = dgram.createSocket('udp4', (question, from) => {
    const answer = Buffer.concat([question.subarray(0, question.indexOf(0, 12) + 5),
      Buffer.from('c00c000100010000003c00040a630001', 'hex')]);
    answer.writeUInt16BE(0x8180, 2);
    answer.writeUInt16BE(1, 6);
    answer.writeUInt16BE(0, 10);
    server.send(answer, from.port, from.address);
  });
  server.bind(53, '127.0.0.53');
  await once(server, 'listening');
  console.log(await dns.promises.resolve4('asked.test'));
  server.close();
}

async function files() {
  const directory = await fs.promises.mkdtemp('/tmp/node-');
  await fs.promises.writeFile(`${directory}/a`, 'x'.repeat(100000));
  const handle = await fs.promises.open(`${directory}/b`, 'wx', 0o600);
  await handle.appendFile('handle');
  await handle.chmod(0o644);
  await handle.close();
  await fs.promises.cp(directory, '/data/copy', { recursive: true });
  await fs.promises.rename('/data/copy/a', '/data/a');
  await fs.promises.truncate('/data/a', 10);
  await fs.promises.symlink('/data/a', '/data/link');
  console.log((await fs.promises.readFile('/data/link')).length, fs.readdirSync('/data/copy'));
  for (const path of [directory, '/data/copy', '/data/a', '/data/link']) {
    await fs.promises.rm(path, { recursive: true });
  }
}

async function main() {
  await processes();
  await threads();
  await names();
  await files();
  await clustered(cluster.SCHED_RR, 8080);
  await handed();
  console.log('the end');
}

if (process.argv[2] === 'worker') {
  http.createServer((request, response) => response.end('worker')).listen(Number(process.argv[3]), host);
} else if (process.argv[2] === 'receiver') {
  process.on('message', (text, socket) => socket.end('handed over'));
} else if (process.argv[2] === 'shared') {
  // The listening socket itself goes to the workers.
  clustered(cluster.SCHED_NONE, 8081).then(() => console.log('the end'));
} else {
  main();
}
