// An emulated Pico:   node pico.mjs FOLDER FLASH [FAILS_AT]
//
// FOLDER holds node_modules with rp2040js. FLASH is a file with all of the flash; what the Pico writes there is in the
// file at once. stdin and stdout are the serial port of its USB; it is switched off when stdin ends. With FAILS_AT the
// power fails in the middle of the write of that number, counted from 1 in sectors erased and pages programmed: every
// second byte of it is written, the others are not.
//
// Exit status: 0 switched off, 1 a fault, or what the emulator cannot do, with a line about it on stderr, 3 the power
// failed.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import { installBootrom, PAGE, SECTOR } from './bootrom.mjs';

const [folder, flashPath, failsAt] = process.argv.slice(2);
const { RP2040, USBCDC, ConsoleLogger, LogLevel } = createRequire(`${folder}/`)('rp2040js');

const POWER_FAILED = 3;
const VECTORS = 0x100; // after the boot stage that the ROM would load, and that has nothing to set up here
const XIP = 0x10000000;
const NANOSECONDS_A_CYCLE = 8;
const SLICE = 50000; // instructions between two looks at the host
const IDLE_NANOSECONDS = 1e6; // and time, where the core only waits

class Flash {
  constructor(path) {
    this.file = fs.openSync(path, 'r+');
    this.bytes = fs.readFileSync(path);
    this.writes = 0;
  }
  erase(at) {
    this.write(at, Buffer.alloc(SECTOR, 0xff));
  }
  program(at, data) {
    this.write(at, data.map((byte, i) => byte & this.bytes[at + i]));
  }
  write(at, data) {
    const fails = ++this.writes === Number(failsAt);
    const done = fails ? data.map((byte, i) => (i % 2 ? this.bytes[at + i] : byte)) : data;
    this.bytes.set(done, at);
    fs.writeSync(this.file, done, 0, done.length, at);
    if (fails) {
      process.exit(POWER_FAILED);
    }
    this.onWrite?.(at, done);
  }
}

/** What a Pico is from one reset to the next. */
class Board {
  constructor(flash, toHost) {
    const mcu = new RP2040();
    mcu.logger = new ConsoleLogger(LogLevel.Error, false);
    mcu.logger.error = (component, message) => {
      throw new Error(`${component}: ${message}`); // an address that is not aligned: a Cortex-M0+ faults
    };
    installBootrom(mcu, flash);
    mcu.flash.set(flash.bytes);
    flash.onWrite = (at, data) => mcu.flash.set(data, at);
    mcu.core.VTOR = XIP + VECTORS;
    mcu.core.SP = mcu.flashView.getUint32(VECTORS, true);
    mcu.core.PC = mcu.flashView.getUint32(VECTORS + 4, true) & ~1;
    mcu.peripherals[0x40058].onWatchdogTrigger = () => {
      this.isReset = true;
    };
    const usb = mcu.usbCtrl;
    this.cdc = new USBCDC(usb);
    this.cdc.onDeviceConnected = () => {
      this.isConnected = true;
    };
    this.cdc.onSerialData = toHost;
    usb.onEndpointRead = (endpoint, size) => {
      if (endpoint === this.cdc.outEndpoint) {
        this.room = size; // the host has nothing to say until it has
      }
    };
    this.mcu = mcu;
    this.room = 0;
    this.isConnected = this.isReset = false;
  }

  /** Run for a slice; true where the core did nothing but wait. */
  run(fromHost) {
    const { core, clock } = this.mcu;
    let idle = 0;
    for (let n = 0; n < SLICE && !this.isReset; n++) {
      if (this.room && this.isConnected && fromHost.length) {
        const data = fromHost.splice(0, this.room);
        this.room = 0;
        this.mcu.usbCtrl.endpointReadDone(this.cdc.outEndpoint, Uint8Array.from(data));
      }
      if (core.waiting) {
        const nanoseconds = Math.min(clock.nanosToNextAlarm || IDLE_NANOSECONDS, IDLE_NANOSECONDS);
        clock.tick(nanoseconds);
        idle += nanoseconds;
        if (idle >= IDLE_NANOSECONDS) {
          return n < SLICE / 100;
        }
      } else {
        const start = core.cycles;
        core.executeInstruction();
        clock.tick((core.cycles - start) * NANOSECONDS_A_CYCLE);
      }
    }
    return false;
  }
}

const flash = new Flash(flashPath);
const fromHost = [];
const toHost = (data) => process.stdout.write(data);
let board = new Board(flash, toHost);

function go() {
  if (board.isReset) {
    board = new Board(flash, toHost);
  }
  const waits = board.run(fromHost);
  if (waits && !fromHost.length) {
    setTimeout(go, IDLE_NANOSECONDS / 1e6);
  } else {
    setImmediate(go);
  }
}

process.on('uncaughtException', (error) => {
  console.error(`${error.message} (PC ${board.mcu.core.PC.toString(16)}, LR ${board.mcu.core.LR.toString(16)})`);
  process.exit(1);
});
process.stdin.on('data', (data) => fromHost.push(...data));
process.stdin.on('end', () => process.exit(0));
go();
