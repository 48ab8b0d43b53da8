import { ledgerBehaviour } from "./ledger-behaviour.ts";
import { onEmbedded } from "./open-ledgers.ts";

ledgerBehaviour("a ledger on the embedded database", onEmbedded);
