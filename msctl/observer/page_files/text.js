// Text of strangers without what controls a screen; what misleads the eye is spelled out.

const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;
const SEQUENCES = /\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)|\u001b\[[0-9;:?<=>]*[ -/]*[@-~]|\u001b[ -/]*[0-~]/g;

export function harmless(text) {
  return String(text).replace(SEQUENCES, "").replace(CONTROLS, c =>
    c.charCodeAt(0) > 255 ? `<U+${c.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}>` : "");
}
