// Makes frames.json: frames as lora-packet writes them, another implementation of LoRaWAN 1.0.x (MIT).
// Once, in a folder of its own: npm install lora-packet@0.9.3 && node frames.js > frames.json
const { default: LoraPacket } = require("lora-packet");
const lp = require("lora-packet");
const hex = (text) => Buffer.from(text, "hex");
const keys = { nwk: "44024241ed4ce9a68c6a8bc055233fd3", app: "ec925802ae430ca77fd3dd73cb2cc588", root: "b6b53f4a168a7a88bdf7ea135ce9cfca" };

const data = [
  { type: "Unconfirmed Data Up", addr: "49be7df1", fcnt: 2, port: 1, fopts: "", fctrl: {}, payload: "74657374" },
  { type: "Unconfirmed Data Up", addr: "49be7df1", fcnt: 65535, port: 223, fopts: "02", fctrl: { ADR: true, ADRACKReq: true }, payload: "00".repeat(33) },
  { type: "Confirmed Data Up", addr: "0000000a", fcnt: 65536 * 3 + 7, port: 10, fopts: "020d", fctrl: { ADR: true }, payload: "ff".repeat(16) },
  { type: "Confirmed Data Up", addr: "ffffffff", fcnt: 65536 * 7 + 65535, port: 2, fopts: "", fctrl: { ACK: true }, payload: "aa".repeat(222) },
  { type: "Unconfirmed Data Up", addr: "48000001", fcnt: 0, port: 0, fopts: "", fctrl: {}, payload: "0202" },
  { type: "Unconfirmed Data Down", addr: "48000001", fcnt: 1, port: 5, fopts: "", fctrl: { ACK: true, FPending: true }, payload: "01" },
  { type: "Confirmed Data Down", addr: "48000001", fcnt: 65536 * 2, port: 99, fopts: "021403", fctrl: {}, payload: "0102030405060708090a0b0c0d0e0f101112" },
];
const frames = data.map((one) => {
  const low = Buffer.alloc(2), high = Buffer.alloc(2);
  low.writeUInt16BE(one.fcnt & 0xffff);
  high.writeUInt16LE(Math.floor(one.fcnt / 65536));
  const fields = { MType: one.type, DevAddr: hex(one.addr), FCnt: low, FCtrl: one.fctrl, FPort: one.port, payload: hex(one.payload) };
  if (one.fopts) fields.FOpts = hex(one.fopts);
  const packet = LoraPacket ? LoraPacket.fromFields(fields, hex(keys.app), hex(keys.nwk), undefined, high) : lp.fromFields(fields, hex(keys.app), hex(keys.nwk), undefined, high);
  return { ...one, frame: packet.getPHYPayload().toString("hex") };
});
const from = (LoraPacket ?? lp).fromFields.bind(LoraPacket ?? lp);
const join = { app_eui: "70b3d57ed00000dc", dev_eui: "00afee7cf5ed6f1e", dev_nonce: "cc85" };
const request = from({ MType: "Join Request", AppEUI: hex(join.app_eui), DevEUI: hex(join.dev_eui), DevNonce: hex(join.dev_nonce) }, undefined, undefined, hex(keys.root));
const accepts = ["", "184f84e85684b85e84886684586e8400"].map((list) => {
  const one = { app_nonce: "e5063a", net_id: "000013", addr: "26012e43", settings: 3, delay: 1, list };
  const fields = { MType: "Join Accept", AppNonce: hex(one.app_nonce), NetID: hex(one.net_id), DevAddr: hex(one.addr), DLSettings: one.settings, RxDelay: one.delay };
  if (list) fields.CFList = hex(list);
  const session = lp.generateSessionKeys10(hex(keys.root), hex(one.net_id), hex(one.app_nonce), hex(join.dev_nonce));
  const frame = from(fields, undefined, undefined, hex(keys.root)).getPHYPayload().toString("hex");
  return { ...one, frame, nwk: session.NwkSKey.toString("hex"), app: session.AppSKey.toString("hex") };
});
console.log(JSON.stringify({ source: "lora-packet 0.9.3", keys, frames, join: { ...join, frame: request.getPHYPayload().toString("hex") }, accepts }, null, 1));
