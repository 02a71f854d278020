/** Prepares frames for a sink: a codec encodes each row, and postprocessors work on each stream. */
import { type EventFrame, NOWHERE } from './frame.js';
import { pickRows } from './frame-builder.js';
import { endFrameUse, useFrame } from './frame-memory.js';
import { type Refused, rowsByStream, type Settle, Shipment } from './shipment.js';
import type { Shaped, Shaper } from './sink.js';
import { CodecStage, type FlowStage } from './stage.js';

/** Returns the shaper of a sink, or null if its frames need no preparation. */
export function shaperOf(stages: readonly FlowStage[]): Shaper | null {
  if (stages.length === 0) return null;
  const [first] = stages;
  const codec = first instanceof CodecStage ? first : null;
  return new StageShaper(codec, codec === null ? stages : stages.slice(1));
}

/** Rows that went into the postprocessors, until what came out of them is delivered. */
interface Inside {
  readonly shipment: Shipment;
  readonly last: bigint;
}

class StageShaper implements Shaper {
  readonly #codec: CodecStage | null;
  readonly #stages: readonly FlowStage[];
  readonly #inside = new Map<bigint, Inside[]>();

  constructor(codec: CodecStage | null, stages: readonly FlowStage[]) {
    this.#codec = codec;
    this.#stages = stages;
  }

  async shape(original: Shipment): Promise<Shaped> {
    const encoded =
      this.#codec === null
        ? { shipments: [original], refused: [] }
        : await this.#encode(original, this.#codec);
    if (this.#stages.length === 0) return encoded;
    const shaped: Shaped[] = [{ shipments: [], refused: encoded.refused }];
    for (const shipment of encoded.shipments)
      for (const one of byStream(shipment)) shaped.push(await this.#postprocess(one));
    return merge(shaped);
  }

  async finish(): Promise<Shaped> {
    const shaped: Shaped[] = [];
    for (const [stream, inside] of this.#inside) {
      const last = inside.at(-1)?.last ?? 0n;
      let frames: readonly EventFrame[] = [];
      const refused: Refused[] = [];
      for (const stage of this.#stages) {
        const made = await this.#through(stage, frames, refused, inside);
        const rest = await stage.finish(stream, last);
        frames = [...made, ...rest.frames];
      }
      shaped.push(this.#release(stream, frames, NOWHERE, refused));
    }
    return merge(shaped);
  }

  async close(): Promise<void> {
    await Promise.all([this.#codec, ...this.#stages].map((stage) => stage?.close()));
  }

  async #encode(original: Shipment, codec: CodecStage): Promise<Shaped> {
    const { frame, kept, empty, dead } = await codec.convert(original.frame);
    if (empty.length > 0) original.endRows(empty, 'delivered');
    const refused = dead.map(({ row, error }) => ({ shipment: original, rows: [row], error }));
    if (frame === null) return { shipments: [], refused };
    const settle: Settle = (rows, ending) => {
      if (rows === null && kept.length === original.frame.rows) original.endAll(ending);
      else original.endRows(rows === null ? kept : rows.map((row) => kept[row] ?? 0), ending);
    };
    return { shipments: [new Shipment(frame, settle)], refused };
  }

  async #postprocess(shipment: Shipment): Promise<Shaped> {
    const { frame } = shipment;
    const inside = this.#inside.get(frame.stream) ?? [];
    this.#inside.set(frame.stream, inside);
    inside.push({ shipment, last: frame.positionOf(frame.rows - 1) });
    let frames: readonly EventFrame[] = [useFrame(frame)];
    let held = NOWHERE;
    const refused: Refused[] = [];
    for (const stage of this.#stages) {
      const before = frames;
      frames = [];
      for (const one of before) {
        const made = await stage.process(one);
        endFrameUse(one);
        if (made.held < held) held = made.held;
        frames = [...frames, ...made.frames];
        for (const { error } of made.dead) refused.push({ shipment, rows: shipment.openRows(), error });
      }
    }
    return this.#release(frame.stream, frames, held, refused);
  }

  async #through(
    stage: FlowStage,
    frames: readonly EventFrame[],
    refused: Refused[],
    inside: readonly Inside[],
  ): Promise<EventFrame[]> {
    const out: EventFrame[] = [];
    for (const one of frames) {
      const made = await stage.process(one);
      endFrameUse(one);
      out.push(...made.frames);
      for (const { error } of made.dead)
        for (const { shipment } of inside) refused.push({ shipment, rows: shipment.openRows(), error });
    }
    return out;
  }

  /** Makes shipments of what came out. When the last has ended, so have the rows that are no longer inside. */
  #release(stream: bigint, frames: readonly EventFrame[], held: bigint, refused: readonly Refused[]): Shaped {
    const inside = this.#inside.get(stream) ?? [];
    const done = inside.filter(({ last }) => last < held);
    const rest = inside.filter(({ last }) => last >= held);
    if (rest.length === 0) this.#inside.delete(stream);
    else this.#inside.set(stream, rest);
    let left = frames.reduce((sum, { rows }) => sum + rows, 0);
    let ending: 'delivered' | 'dead' = 'delivered';
    const endAll = (): void => {
      for (const { shipment } of done) shipment.endAll(ending);
    };
    if (left === 0) endAll();
    const shipmentOf = (frame: EventFrame): Shipment => {
      let open = frame.rows;
      return new Shipment(frame, (rows, how) => {
        const count = rows?.length ?? frame.rows;
        left -= count;
        open -= count;
        if (how === 'dead') ending = 'dead';
        if (open === 0) endFrameUse(frame);
        if (left === 0) endAll();
      });
    };
    return { shipments: frames.map(shipmentOf), refused };
  }
}

/** Splits a shipment by streams. */
function byStream(shipment: Shipment): Shipment[] {
  const { frame } = shipment;
  if (frame.streams === null) return [shipment];
  return [...rowsByStream(frame).values()].map(
    (all) =>
      new Shipment(pickRows(frame, all), (some, ending) =>
        shipment.endRows(some === null ? all : some.map((row) => all[row] ?? 0), ending),
      ),
  );
}

function merge(all: readonly Shaped[]): Shaped {
  return {
    shipments: all.flatMap(({ shipments }) => shipments),
    refused: all.flatMap(({ refused }) => refused),
  };
}
