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
import glimt.model.Segment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** Stores tensors as safetensors artifacts: the results that later tasks read, and checkpoints. */
record StoredTensors(Artifacts artifacts) {
  private static final String SAFETENSORS = "application/vnd.safetensors";

  /** The name of the tensor in a sample's file. */
  private static final String SAMPLE = "sample";

  /**
   * A sample that was read from the store.
   *
   * @param values the sample in row-major order
   * @param shape the shape with which it was written
   */
  record Stored(FloatBuffer values, long[] shape) {}

  /** Stores a sample, whose values are in row-major order. */
  Product sample(float[] values, long[] shape) {
    return new Product(Role.SAMPLE, put(Map.of(SAMPLE, Tensor.of(values, shape)), Map.of()));
  }

  /**
   * Stores a sample part by part, so that it is never in memory as a whole.
   *
   * @param parts consecutive parts of the sample
   * @param values computes a part's values, in row-major order
   */
  Product sample(long[] shape, List<Segment> parts, Function<Segment, float[]> values) {
    return new Product(
        Role.SAMPLE,
        artifacts.put(
            SAFETENSORS,
            out -> {
              out.write(Safetensors.start(SAMPLE, shape));
              for (Segment part : parts) {
                float[] floats = values.apply(part);
                ByteBuffer bytes = ByteBuffer.allocate(4 * floats.length);
                bytes.order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().put(floats);
                out.write(bytes.array());
              }
            }));
  }

  /** Stores several named tensors in one artifact. */
  Product tensors(Map<String, NDArray> arrays) {
    return new Product(Role.SAMPLE, put(copied(arrays), Map.of()));
  }

  /** Stores the state of a trajectory. */
  Artifact state(Safetensors state) {
    return artifacts.put(SAFETENSORS, state.bytes());
  }

  /** Copies the state of a trajectory, so that the trajectory can continue while it is stored. */
  static Safetensors copy(Map<String, NDArray> arrays, Map<String, String> facts) {
    return new Safetensors(copied(arrays), facts);
  }

  /** Reads a sample as a view of its file's bytes, without copying the values. */
  Stored sample(ArtifactId id) {
    Tensor tensor = read(id).get(SAMPLE);
    return new Stored(tensor.bytes().asFloatBuffer(), tensor.dimensions());
  }

  /**
   * Maps all tensors of an artifact: their values stay in the file until somebody looks at them.
   *
   * @throws glimt.storage.StorageException if the artifact cannot be read, or is missing or damaged
   * @throws glimt.bundle.BundleException if it is not a valid safetensors file
   */
  Safetensors read(ArtifactId id) {
    return Safetensors.map(artifacts.file(id));
  }

  /** Copies a tensor into native memory that {@code manager} owns. */
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
