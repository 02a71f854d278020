/** The public types of `tenon/flow`. `npm test` compiles this file, which checks the statements. */
import { expect, expectTypeOf, test } from 'vitest';
import type {
  ConnectorContext,
  Contra,
  Credit,
  EventFrame,
  FlowMetrics,
  Leftover,
  RunningFlow,
  SinkConnector,
  SourceConnector,
  World,
} from '../../src/flow/index.js';
import * as flows from '../../src/flow/index.js';

test('the package exports exactly these values', () => {
  expect(Object.keys(flows).sort()).toEqual([
    ...['CODEC', 'EventFrame', 'Flow', 'FrameBuilder', 'JetStreamSink', 'JetStreamSource', 'MESSAGE'],
    ...['Mark', 'MessageBus', 'NOWHERE', 'POSTPROCESSOR', 'PREPROCESSOR', 'SINK', 'SOURCE', 'World'],
    ...['emptyFrame', 'failure', 'filterFrame', 'flow', 'registerFlowMetrics'],
  ]);
});

test('classes with a config of their own are connectors', () => {
  class Ticks implements SourceConnector {
    readonly interval: number;
    constructor(config: { interval: number }, _context: ConnectorContext) {
      this.interval = config.interval;
    }
    connect(): undefined {}
    pull(credit: Credit): EventFrame {
      expectTypeOf(credit.rows).toEqualTypeOf<number>();
      return flows.emptyFrame();
    }
  }
  class Take implements SinkConnector {
    async write(frame: EventFrame): Promise<readonly Contra[] | undefined> {
      return [{ what: 'ack', first: frame.positionOf(0) }];
    }
  }
  const world = new flows.World();
  world.define('a', { plugin: Ticks, config: { interval: 5 } }).define('b', { plugin: Take });
  // @ts-expect-error: a definition has no such member
  expect(() => world.define('c', { plugin: Ticks, interval: 5 })).toThrow(/'interval' is not an option/);
});

test('flows and their ends have types', () => {
  expectTypeOf<World['deploy']>().returns.resolves.toEqualTypeOf<RunningFlow>();
  expectTypeOf<RunningFlow['drain']>().returns.resolves.toEqualTypeOf<readonly Leftover[]>();
  expectTypeOf<RunningFlow['metrics']>().returns.toEqualTypeOf<FlowMetrics>();
  expectTypeOf<Leftover['first']>().toEqualTypeOf<bigint>();
  expectTypeOf(
    flows
      .flow('a')
      .from('b')
      .pipe((frame) => frame),
  ).toEqualTypeOf<flows.Flow>();
  // @ts-expect-error: an option that does not exist
  flows.flow.length > 9 && flows.flow('a').to('b', { require: true });
});
