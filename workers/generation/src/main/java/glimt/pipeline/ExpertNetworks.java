package glimt.pipeline;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import glimt.bundle.BundleException;
import glimt.bundle.Network;
import glimt.model.Expert;
import java.util.List;
import java.util.Map;

/**
 * Two networks of one level, of which the timestep chooses: all rows of a call have the same.
 *
 * @param noisy is asked at the expert's timestep and above
 * @param clean is asked below it
 */
public record ExpertNetworks(Network noisy, Network clean, Expert expert) implements Network {
  @Override
  public List<String> ports() {
    return noisy.ports();
  }

  @Override
  public NDList call(Map<String, NDArray> inputs) {
    NDArray timestep = inputs.get(NOISE);
    if (timestep == null) {
      throw new BundleException("nothing feeds the port " + NOISE);
    }
    boolean little = timestep.flatten().getFloat(0) < expert.below();
    return (little ? clean : noisy).call(inputs);
  }

  @Override
  public void close() {
    noisy.close();
    clean.close();
  }
}
