// node_client.js SERVICE NAME
// Calls SERVICE.hello(name=NAME) once with amqplib and prints the result.

'use strict';

const { randomUUID } = require('crypto');
const amqplib = require('amqplib');

async function main(service, name) {
  const connection = await amqplib.connect(process.env.AMQP_URI, { noDelay: true });
  const channel = await connection.createConfirmChannel();
  const replyKey = randomUUID();
  const correlationId = randomUUID();
  const { queue } = await channel.assertQueue('', { exclusive: true, autoDelete: true });
  await channel.bindQueue(queue, 'nameko-rpc', replyKey);

  let resolveReply;
  const reply = new Promise((resolve, reject) => {
    resolveReply = resolve;
    channel.on('return', () => reject(new Error(`unknown service ${service}`)));
  });
  await channel.consume(queue, (message) => {
    if (message.properties.correlationId === correlationId) {
      resolveReply(JSON.parse(message.content));
    }
  }, { noAck: true });

  const request = Buffer.from(JSON.stringify({ args: [], kwargs: { name } }));
  channel.publish('nameko-rpc', `${service}.hello`, request, {
    mandatory: true,
    persistent: true,
    contentType: 'application/json',
    contentEncoding: 'utf-8',
    replyTo: replyKey,
    correlationId,
    headers: { 'nameko.call_id_stack': [`benchmark.call.${randomUUID()}`] },
  });
  const { result, error } = await reply;
  if (error) {
    throw new Error(`${error.exc_type}: ${error.value}`);
  }
  console.log(JSON.stringify(result));
  await channel.close();
  await connection.close();
}

main(...process.argv.slice(2)).catch((error) => {
  console.error(error.message);
  process.exit(1);
});
