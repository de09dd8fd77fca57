// Run a bare-metal program on rp2040js and count the cycles between its marks:   node run.mjs FOLDER <PROGRAM >RESULT
//
// FOLDER holds node_modules. PROGRAM, as JSON: {segments: [[address, base64]], entry, stack, slots: address, n_slots}.
// RESULT: {printed, status, slots: [[visits, cycles]]}. Nothing of the boot ROM is there or needed.
import fs from 'node:fs';
import { createRequire } from 'node:module';

const { RP2040, ConsoleLogger, LogLevel } = createRequire(`${process.argv[2]}/`)('rp2040js');
const program = JSON.parse(fs.readFileSync(0, 'utf8'));

const FLASH = 0x10000000;
const RAM = 0x20000000;
const SEMIHOSTING = 0xab;
const SYS_WRITE0 = 0x04;
const SYS_EXIT = 0x18;
const STOPPED_APPLICATION_EXIT = 0x20026;

const mcu = new RP2040();
const core = mcu.core;
let problem = '';
mcu.logger = new ConsoleLogger(LogLevel.Warn, false);
for (const level of ['warn', 'error']) {
  mcu.logger[level] = (component, message) => {
    if (component !== 'PPB') { // the core's own registers, which board.c sets for QEMU's sake
      problem ||= `${component}: ${message}`; // a misaligned or undefined address: a Cortex-M0+ faults
    }
  };
}
for (const [address, data] of program.segments) {
  const memory = address < RAM ? mcu.flash : mcu.sram;
  memory.set(Buffer.from(data, 'base64'), address - (address < RAM ? FLASH : RAM));
}

const slots = Array.from({ length: program.n_slots }, () => [0, 0]);
let current = 0;
let since = 0;
const store = mcu.writeUint32.bind(mcu);
mcu.writeUint32 = (address, value) => {
  const index = ((address >>> 0) - program.slots) / 4;
  if (index >= 0 && index < program.n_slots) {
    slots[current][1] += core.cycles - since;
    since = core.cycles;
    current = index;
    slots[current][0]++;
  }
  store(address, value);
};

let printed = '';
let status = null;
mcu.onBreak = (code) => {
  const [operation, argument] = core.registers;
  if (code === SEMIHOSTING && operation === SYS_WRITE0) {
    for (let at = argument, byte; (byte = mcu.readUint8(at)); at++) {
      printed += String.fromCharCode(byte);
    }
  } else {
    const done = code === SEMIHOSTING && operation === SYS_EXIT && argument === STOPPED_APPLICATION_EXIT;
    status = done ? 0 : 1;
  }
};

core.SP = program.stack;
core.PC = program.entry & ~1;
while (status === null && !problem) {
  core.executeInstruction();
}
process.stdout.write(JSON.stringify({ printed: printed + problem, status: problem ? 1 : status, slots }));
