package glimt.published;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import glimt.bundle.Network;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A network that keeps what it was fed and what it answered, in a scope of its caller's. */
final class RecordedNetwork implements Network {
  /** The name under which an answer is kept. */
  static final String RESULT = "result";

  private final Network network;
  private final NDManager kept;
  private final List<Map<String, NDArray>> calls = new ArrayList<>();

  RecordedNetwork(Network network, NDManager kept) {
    this.network = network;
    this.kept = kept;
  }

  /** Each call's inputs by their ports, and its answer. */
  List<Map<String, NDArray>> calls() {
    return calls;
  }

  @Override
  public List<String> ports() {
    return network.ports();
  }

  @Override
  public NDList call(Map<String, NDArray> inputs) {
    Map<String, NDArray> call = new LinkedHashMap<>();
    inputs.forEach((port, array) -> call.put(port, copy(array)));
    NDList answers = network.call(inputs);
    call.put(RESULT, copy(answers.singletonOrThrow()));
    calls.add(call);
    return answers;
  }

  private NDArray copy(NDArray array) {
    NDArray copy = array.duplicate();
    copy.attach(kept);
    return copy;
  }

  @Override
  public void close() {
    network.close();
  }
}
