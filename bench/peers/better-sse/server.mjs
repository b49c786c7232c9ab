// better-sse as its documentation shows it: a channel, a session for each viewer, a broadcast.
import { createServer } from "node:http";
import { createChannel, createSession } from "better-sse";

const channels = new Map();
const channelOf = (name) => channels.get(name) ?? channels.set(name, createChannel()).get(name);

const publish = (request, response, channel) => {
  let body = "";
  request.setEncoding("utf8");
  request.on("data", (part) => { body += part; });
  request.on("end", () => {
    channel.broadcast(body);
    response.writeHead(204).end();
  });
};

createServer(async (request, response) => {
  const [, word, name] = request.url.split("/");
  if (word === "pub") publish(request, response, channelOf(name));
  else channelOf(name).register(await createSession(request, response));
}).listen({ port: Number(process.argv[2]), host: "127.0.0.1", backlog: 4096 });
