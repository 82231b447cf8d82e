package glimt.pipeline;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import glimt.bundle.Network;
import java.util.List;
import java.util.Map;

/** A network that counts the time spent in it; closing it leaves the network open. */
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
