// The parts of nodemailer that are used; the package brings no types.
declare module "nodemailer/lib/smtp-connection/index.js" {
  import type { EventEmitter } from "node:events";

  type Done = (error?: (Error & { code?: string; responseCode?: number; command?: string }) | null) => void;
  export default class SMTPConnection extends EventEmitter {
    constructor(options: Record<string, unknown>);
    connect(done: Done): void;
    login(credentials: { user: string; pass?: string }, done: Done): void;
    send(
      envelope: { from: string; to: string },
      message: { on(): void; pipe(target: { end(data: Uint8Array): void }): void },
      done: Done,
    ): void;
    close(): void;
  }
}
declare module "nodemailer/lib/mail-composer/index.js" {
  export default class MailComposer {
    constructor(mail: Record<string, unknown>);
    compile(): { build(): Promise<Uint8Array> };
  }
}
