import type { Connector, ConnectorKind, Credentials } from "./connector.ts";
import { inApp } from "./in-app.ts";
import { smtp } from "./smtp.ts";
import { webhook } from "./webhook.ts";
import { whatsapp } from "./whatsapp.ts";

/** The connector of a kind, with the credentials of an integration. Throws ConnectorFault where these are of no use. */
export function connect(kind: ConnectorKind, credentials: Credentials): Connector {
  if (kind === "smtp") return smtp(credentials);
  if (kind === "whatsapp") return whatsapp(credentials);
  return kind === "webhook" ? webhook(credentials) : inApp;
}
