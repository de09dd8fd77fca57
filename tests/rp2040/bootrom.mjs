// A stand-in for the RP2040's boot ROM, which rp2040js comes without: as much of it as MicroPython asks for. The layout
// and the codes are those of the pico-sdk's headers boot/bootrom_constants.h, pico/bootrom.h, pico/bootrom/sf_table.h.
//
// A function of this ROM is a breakpoint and a return; at the breakpoint its work is done here, and takes cycles as
// below. What is asked for and is not here stops the emulator.

export const SECTOR = 4096; // bytes erased at a time
export const PAGE = 256; // bytes programmed at a time

// Cycles at 125 MHz. Memory functions: as loops of ldm and stm over words, of ldrb and strb where an address is not
// aligned. Floats: about what the RP2040's datasheet has for the elementary functions. Flash: what a W25Q16 typically
// takes.
const CALL = 20;
const COPY_16_BYTES = 13;
const COPY_BYTE = 7;
const FILL_16_BYTES = 8;
const FLOAT = 70;
const ERASE_SECTOR = 45e-3 * 125e6;
const PROGRAM_PAGE = 0.4e-3 * 125e6;

const HEADER = { vectors: 0x00, magic: 0x10, functions: 0x14, data: 0x16, lookup: 0x18 };
const MAGIC = [0x4d, 0x75, 0x01, 0x03]; // "Mu", 1, the ROM's version
const TABLES = 0x40;
const STUBS = 0x400;
const BKPT = 0xbe00;
const BX_LR = 0x4770;
const FLOAT_FUNCTIONS = 32;

const clamp = (value, low, high) => (Number.isNaN(value) ? 0 : Math.min(Math.max(value, low), high));
const clamp64 = (value, low, high) => {
  const clamped = clamp(value, Number(low), Number(high));
  return clamped >= Number(high) ? high : BigInt(clamped);
};

// A 64-bit integer as a double, rounded to odd, so that rounding it again, to a float, is rounding once.
const wide = (value) => {
  const rest = value & 0x7ffn;
  const inexact = rest && (value > 1n << 53n || value < -(1n << 53n));
  return Number(inexact ? (value - rest) | 0x800n : value);
};

// What the tables of float and of double functions have, by index: from the arguments to [kind of the result, result].
const ARITHMETIC = {
  0: (a, b) => ['same', a + b],
  1: (a, b) => ['same', a - b],
  2: (a, b) => ['same', a * b],
  3: (a, b) => ['same', a / b],
  6: (a) => ['same', Math.sqrt(a)],
  7: (a) => ['int', clamp(Math.floor(a), -(2 ** 31), 2 ** 31 - 1)],
  9: (a) => ['int', clamp(Math.floor(a), 0, 2 ** 32 - 1)],
  27: (a) => ['long', clamp64(Math.floor(a), -(1n << 63n), (1n << 63n) - 1n)],
  29: (a) => ['long', clamp64(Math.floor(a), 0n, (1n << 64n) - 1n)],
  31: (a) => ['other', a],
};
const CONVERSIONS = {
  11: (low) => low | 0,
  13: (low) => low >>> 0,
  23: (low, high) => (BigInt(high | 0) << 32n) | BigInt(low >>> 0),
  25: (low, high) => (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0),
};

/** Write the ROM into `mcu`; `flash` erases and programs, see pico.mjs. */
export function installBootrom(mcu, flash) {
  const rom = new DataView(mcu.bootrom.buffer);
  const bytes = new Uint8Array(mcu.bootrom.buffer);
  const { core } = mcu;
  const r = core.registers;
  const calls = [];

  /** The Thumb address of a new function. */
  function stub(call) {
    const at = STUBS + 4 * calls.length;
    rom.setUint16(at, BKPT | calls.length, true);
    rom.setUint16(at + 2, BX_LR, true);
    calls.push(call);
    return at | 1;
  }
  const takes = (cycles) => {
    core.cycles += Math.ceil(cycles);
  };
  const bits = (count) => {
    r[0] = count(r[0]);
    takes(CALL);
  };

  function lookup() {
    let at = r[0];
    for (let code; (code = rom.getUint16(at, true)) && code !== r[1]; at += 4);
    r[0] = rom.getUint16(at, true) ? rom.getUint16(at + 2, true) : 0;
    takes(CALL);
  }
  function memcpy() {
    const [to, from, size] = r;
    for (let i = 0; i < size; i++) {
      mcu.writeUint8(to + i, mcu.readUint8(from + i));
    }
    takes(CALL + ((to | from) & 3 ? COPY_BYTE * size : (COPY_16_BYTES * size) / 16));
  }
  function memset() {
    const [to, value, size] = r;
    for (let i = 0; i < size; i++) {
      mcu.writeUint8(to + i, value & 0xff);
    }
    takes(CALL + (FILL_16_BYTES * size) / 16);
  }
  function erase() {
    for (let at = r[0]; at < r[0] + r[1]; at += SECTOR) {
      flash.erase(at);
      takes(ERASE_SECTOR);
    }
  }
  function program() {
    for (let i = 0; i < r[2]; i += PAGE) {
      const data = Uint8Array.from({ length: PAGE }, (_, j) => mcu.readUint8(r[1] + i + j));
      flash.program(r[0] + i, data);
      takes(PROGRAM_PAGE);
    }
  }

  /** A table of float (32 bits) or double (64 bits) functions. */
  function floatTable(at, is32) {
    const scratch = new DataView(new ArrayBuffer(16));
    const words = is32 ? 1 : 2;
    const argument = (i) => {
      scratch.setUint32(0, r[words * i], true);
      scratch.setUint32(4, r[words * i + 1], true);
      return is32 ? scratch.getFloat32(0, true) : scratch.getFloat64(0, true);
    };
    const give = (kind, value) => {
      const as32 = kind === 'same' ? is32 : !is32;
      if (kind === 'int') {
        r[0] = value;
        return;
      } else if (kind === 'long') {
        scratch.setBigInt64(0, BigInt.asIntN(64, value), true);
      } else if (as32) {
        scratch.setFloat32(0, value, true);
      } else {
        scratch.setFloat64(0, value, true);
      }
      r[0] = scratch.getUint32(0, true);
      if (kind === 'long' || !as32) {
        r[1] = scratch.getUint32(4, true);
      }
    };
    rom.setUint8(at - 2, FLOAT_FUNCTIONS);
    for (let i = 0; i < FLOAT_FUNCTIONS; i++) {
      const call = () => {
        if (ARITHMETIC[i]) {
          give(...ARITHMETIC[i](argument(0), argument(1)));
        } else if (CONVERSIONS[i]) {
          const value = CONVERSIONS[i](r[0], r[1]);
          give('same', typeof value === 'bigint' && is32 ? wide(value) : Number(value));
        } else {
          throw new Error(`the boot ROM's ${is32 ? 'float' : 'double'} function ${i} is not here`);
        }
        takes(FLOAT);
      };
      rom.setUint32(at + 4 * i, stub(call), true);
    }
  }

  function table(at, entries) {
    for (const [code, address] of Object.entries(entries)) {
      bytes.set(Buffer.from(code), at);
      rom.setUint16(at + 2, address, true);
      at += 4;
    }
    rom.setUint32(at, 0, true);
    return at + 4;
  }

  bytes.set(MAGIC, HEADER.magic);
  rom.setUint16(HEADER.lookup, stub(lookup), true);
  const nothing = stub(() => takes(CALL));
  const functions = {
    P3: stub(() => bits((x) => x.toString(2).replaceAll('0', '').length)),
    R3: stub(() => bits((x) => parseInt([...x.toString(2).padStart(32, '0')].reverse().join(''), 2))),
    L3: stub(() => bits((x) => Math.clz32(x))),
    T3: stub(() => bits((x) => (x ? 31 - Math.clz32(x & -x) : 32))),
    MC: stub(memcpy),
    C4: stub(memcpy),
    MS: stub(memset),
    S4: stub(memset),
    IF: nothing,
    EX: nothing,
    FC: nothing,
    CX: nothing,
    RE: stub(erase),
    RP: stub(program),
    UB: stub(() => {
      throw new Error('the board waits for firmware over USB');
    }),
  };
  rom.setUint16(HEADER.functions, TABLES, true);
  const data = table(TABLES, functions);
  const floats = data + 16;
  const doubles = floats + 4 * FLOAT_FUNCTIONS + 4;
  floatTable(floats, true);
  floatTable(doubles, false);
  rom.setUint16(HEADER.data, data, true);
  table(data, { SF: floats, SD: doubles });

  mcu.onBreak = (number) => {
    if (core.PC >= STUBS + 4 * calls.length) {
      throw new Error(`breakpoint at ${core.PC.toString(16)}`);
    }
    calls[number]();
  };
}
