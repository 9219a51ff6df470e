import { createServer, type Socket } from "node:net";
import type { AddressInfo } from "node:net";

export interface Mail {
  from: string;
  to: string;
  /** Headers and body as they came over the wire. */
  source: string;
}

/** What the server says at a step of the conversation; "close" cuts the line, "silence" says nothing more. */
export type SmtpScript = Partial<Record<"greeting" | "rcpt" | "data" | "end", string>>;

export interface SmtpServer {
  port: number;
  mails: Mail[];
  connections: number;
  script: SmtpScript;
  /** Cuts all lines, as a server does with idle ones. */
  cut(): void;
  close(): Promise<void>;
}

/** A mail server without TLS that keeps what it is given. */
export async function startSmtp(script: SmtpScript = {}): Promise<SmtpServer> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket)).on("error", () => {});
    self.connections += 1;
    converse(socket, self);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const self: SmtpServer = {
    port: (server.address() as AddressInfo).port,
    mails: [],
    connections: 0,
    script,
    cut: () => sockets.forEach((socket) => void socket.destroy()),
    close: () => {
      self.cut();
      return new Promise((done) => server.close(() => done()));
    },
  };
  return self;
}

function converse(socket: Socket, server: SmtpServer): void {
  const say = (step: keyof SmtpScript, usual: string) => {
    const words = server.script[step] ?? usual;
    if (words === "close") socket.destroy();
    else if (words !== "silence") socket.write(`${words}\r\n`);
  };
  let mail: Mail = { from: "", to: "", source: "" };
  let isData = false;
  let rest = "";
  say("greeting", "220 fake ESMTP");
  socket.setEncoding("utf8").on("data", (chunk: string) => {
    rest += chunk;
    for (let end = rest.indexOf("\r\n"); end >= 0; end = rest.indexOf("\r\n")) {
      const line = rest.slice(0, end);
      rest = rest.slice(end + 2);
      if (isData && line === ".") {
        isData = false;
        server.mails.push(mail);
        say("end", "250 queued");
        mail = { from: "", to: "", source: "" };
      } else if (isData) mail.source += `${line.replace(/^\./, "")}\r\n`;
      else if (/^EHLO/i.test(line)) socket.write("250 fake\r\n");
      else if (/^MAIL FROM/i.test(line)) {
        mail.from = line;
        socket.write("250 ok\r\n");
      } else if (/^RCPT TO/i.test(line)) {
        mail.to = line;
        say("rcpt", "250 ok");
      } else if (/^DATA/i.test(line)) {
        isData = server.script.data === undefined;
        say("data", "354 go on");
      } else socket.write("250 ok\r\n");
    }
  });
}
