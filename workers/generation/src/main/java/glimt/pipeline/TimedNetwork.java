package glimt.pipeline;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import glimt.bundle.Network;
import java.util.List;
import java.util.Map;

/** Measures the time spent in another network, which stays open when this wrapper is closed. */
final class TimedNetwork implements Network {
  private final Network network;
  private long nanos;

  TimedNetwork(Network network) {
    this.network = network;
  }

  @Override
  public List<String> ports() {
    return network.ports();
  }

  @Override
  public NDList call(Map<String, NDArray> inputs) {
    long before = System.nanoTime();
    NDList answers = network.call(inputs);
    nanos += System.nanoTime() - before;
    return answers;
  }

  double seconds() {
    return nanos / 1e9;
  }

  @Override
  public void close() {}
}
