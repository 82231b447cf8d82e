package glimt.worker;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import glimt.artifact.Artifacts;
import glimt.bundle.Safetensors;
import glimt.bundle.Safetensors.Tensor;
import glimt.job.Artifact;
import glimt.job.ArtifactId;
import glimt.job.Product;
import glimt.job.Product.Role;
import java.nio.FloatBuffer;
import java.util.LinkedHashMap;
import java.util.Map;

/** Tensors as artifacts: what tasks leave to the tasks after them, and checkpoints. */
record StoredTensors(Artifacts artifacts) {
  private static final String SAFETENSORS = "application/vnd.safetensors";

  /** What a sample is called in its file. */
  private static final String SAMPLE = "sample";

  /**
   * A sample in its file.
   *
   * @param shape as it was written
   */
  record Stored(FloatBuffer values, long[] shape) {}

  /** Keeps a sample. */
  Product sample(float[] values, long[] shape) {
    return new Product(Role.SAMPLE, put(Map.of(SAMPLE, Tensor.of(values, shape)), Map.of()));
  }

  /** Keeps tensors by name. */
  Product tensors(Map<String, NDArray> arrays) {
    return new Product(Role.SAMPLE, put(copied(arrays), Map.of()));
  }

  /** Keeps the state of a walk. */
  Artifact state(Safetensors state) {
    return artifacts.put(SAFETENSORS, state.bytes());
  }

  /** A copy of a walk's state, which is then safe from its going on. */
  static Safetensors copy(Map<String, NDArray> arrays, Map<String, String> facts) {
    return new Safetensors(copied(arrays), facts);
  }

  /** A sample, of which only what is looked at is read from its file. */
  Stored sample(ArtifactId id) {
    Tensor tensor = read(id).get(SAMPLE);
    return new Stored(tensor.bytes().asFloatBuffer(), tensor.dimensions());
  }

  /** All tensors of a file. */
  Safetensors read(ArtifactId id) {
    return Safetensors.parse("artifact " + id, artifacts.read(id));
  }

  /** A tensor in a manager's memory. */
  static NDArray array(NDManager manager, Tensor tensor) {
    return manager.create(tensor.floats(), new Shape(tensor.dimensions()));
  }

  private Artifact put(Map<String, Tensor> tensors, Map<String, String> facts) {
    return artifacts.put(SAFETENSORS, new Safetensors(tensors, facts).bytes());
  }

  private static Map<String, Tensor> copied(Map<String, NDArray> arrays) {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    arrays.forEach(
        (name, array) ->
            tensors.put(name, Tensor.of(array.toFloatArray(), array.getShape().getShape())));
    return tensors;
  }
}
