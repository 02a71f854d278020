// Runs Benthos from a file of lines to its output `drop`, and prints how many messages its own metric `output_sent`
// counts. Usage: benthos FILE
package main

import (
	"context"
	"fmt"
	"os"
	"sync/atomic"

	_ "github.com/redpanda-data/benthos/v4/public/components/io"
	_ "github.com/redpanda-data/benthos/v4/public/components/pure"
	"github.com/redpanda-data/benthos/v4/public/service"
)

var sent atomic.Int64

// counts is a metrics exporter that keeps only the number of messages that the output has sent.
type counts struct{}

type counter struct{ of *atomic.Int64 }

func (c counter) Incr(count int64) {
	if c.of != nil {
		c.of.Add(count)
	}
}

type ignored struct{}

func (ignored) Timing(int64) {}
func (ignored) Set(int64)    {}

func (counts) NewCounterCtor(name string, _ ...string) service.MetricsExporterCounterCtor {
	return func(...string) service.MetricsExporterCounter {
		if name == "output_sent" {
			return counter{&sent}
		}
		return counter{}
	}
}

func (counts) NewTimerCtor(string, ...string) service.MetricsExporterTimerCtor {
	return func(...string) service.MetricsExporterTimer { return ignored{} }
}

func (counts) NewGaugeCtor(string, ...string) service.MetricsExporterGaugeCtor {
	return func(...string) service.MetricsExporterGauge { return ignored{} }
}

func (counts) Close(context.Context) error { return nil }

func run(path string) error {
	newCounts := func(*service.ParsedConfig, *service.Logger) (service.MetricsExporter, error) { return counts{}, nil }
	if err := service.RegisterMetricsExporter("counts", service.NewConfigSpec(), newCounts); err != nil {
		return err
	}
	builder := service.NewStreamBuilder()
	config := fmt.Sprintf(`
input:
  file:
    paths: [ %q ]
    scanner: { lines: {} }
output:
  drop: {}
metrics:
  counts: {}
logger:
  level: ERROR
`, path)
	if err := builder.SetYAML(config); err != nil {
		return err
	}
	stream, err := builder.Build()
	if err != nil {
		return err
	}
	return stream.Run(context.Background())
}

func main() {
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(sent.Load())
}
