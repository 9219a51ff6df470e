import MailComposer from "nodemailer/lib/mail-composer/index.js";
import {
  type Answer,
  type Connector,
  ConnectorFault,
  type Credentials,
  line,
  type Message,
  setting,
  text,
} from "./connector.ts";
import { SmtpFailure, SmtpSession, type SmtpSettings } from "./smtp-session.ts";

const ADDRESS = /^[^\s@<>(),;:"\\\p{Cc}]{1,64}@[^\s@<>(),;:"\\\p{Cc}]{1,255}$/u;
/** Servers close what is idle for a minute or more. */
const IDLE_MS = 20_000;

/**
 * E-mail over SMTP. Credentials: host, port, secure?, user?, pass?, from, from_name?, allow_plaintext?. A server does
 * not know a Message-ID again: a message whose answer was lost must not be sent twice.
 */
export function smtp(credentials: Credentials): Connector {
  const settings = readSettings(credentials);
  const from = setting(credentials, "from");
  if (!ADDRESS.test(from)) throw new ConnectorFault("from is no e-mail address");
  const sender = { name: line(credentials.from_name, 200), address: from };
  const idle: SmtpSession[] = [];

  return {
    async send(message, { idempotencyKey, signal, notAfter }) {
      const to = message.to ?? "";
      if (!ADDRESS.test(to)) return { kind: "rejected", code: "address_invalid" };
      const id = `<${idempotencyKey}@${from.split("@")[1]}>`;
      const mail = await compose(message, sender, to, id);
      for (;;) {
        const used = usable(idle);
        const session = used ?? new SmtpSession(settings);
        try {
          if (!used) await session.open(settings, signal);
          if (performance.now() > notAfter) {
            idle.push(session);
            return { kind: "released" };
          }
          await session.send({ from, to }, mail, signal);
          idle.push(session);
          return { kind: "sent", providerMessageId: id };
        } catch (error) {
          session.close();
          if (!(error instanceof SmtpFailure)) throw error;
          // The server had closed a connection that was kept: nothing was said on it.
          if (used && !error.isHandedOver && error.responseCode === undefined && !signal.aborted) continue;
          return answerOf(error);
        }
      }
    },
    close() {
      for (const session of idle.splice(0)) session.close();
    },
  };
}

function usable(idle: SmtpSession[]): SmtpSession | undefined {
  for (let session = idle.pop(); session; session = idle.pop()) {
    if (session.isOpen && performance.now() - session.idleSince < IDLE_MS) return session;
    session.close();
  }
}

function readSettings(credentials: Credentials): SmtpSettings {
  const { port, secure, user, pass, allow_plaintext } = credentials;
  const isSecure = secure === true || port === 465;
  if (port !== undefined && !(Number.isInteger(port) && Number(port) > 0 && Number(port) < 65_536))
    throw new ConnectorFault("port is no port");
  return {
    host: setting(credentials, "host"),
    port: Number(port ?? (isSecure ? 465 : 587)),
    secure: isSecure,
    requireTLS: !isSecure && allow_plaintext !== true,
    user: text(user) || undefined,
    pass: text(pass) || undefined,
  };
}

/** Plain text always; HTML where the content has some. The composer folds and encodes headers; ours hold no line breaks. */
function compose(
  { content, unsubscribeUrl }: Message,
  from: { name: string; address: string },
  to: string,
  messageId: string,
): Promise<Uint8Array> {
  const plain = [text(content.body), text(content.call_to_action), text(content.url)]
    .filter(Boolean)
    .join("\n\n");
  const html = text(content.html);
  const mail = new MailComposer({
    from,
    to: { name: "", address: to },
    subject: line(content.subject),
    text: unsubscribeUrl && !plain.includes(unsubscribeUrl) ? `${plain}\n\n${unsubscribeUrl}` : plain,
    ...(html ? { html } : {}),
    messageId,
    headers: unsubscribeUrl
      ? {
          "List-Unsubscribe": { prepared: true, foldLines: false, value: `<${unsubscribeUrl}>` },
          "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        }
      : {},
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return mail.compile().build();
}

function answerOf(error: SmtpFailure): Answer {
  const code = String(error.responseCode ?? error.code);
  const message = line(error.message);
  if (error.isHandedOver) return { kind: "unknown", code, message };
  const isAboutMessage = /^(MAIL FROM|RCPT TO|DATA)/.test(error.command ?? "");
  if (isAboutMessage && (error.responseCode ?? 0) >= 500) return { kind: "rejected", code, message };
  return { kind: "retry", code, message };
}
