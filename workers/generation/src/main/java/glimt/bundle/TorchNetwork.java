package glimt.bundle;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.ndarray.types.SparseFormat;
import ai.djl.nn.Block;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.IValueUtils;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.training.ParameterStore;
import glimt.bundle.Safetensors.Dtype;
import glimt.bundle.Safetensors.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A network that libtorch runs from an archive assembled in memory. On a CPU its tensors point
 * directly into the mapped weights file if the file has the precision of the computation, or if the
 * network is large and the file has half of that precision: then each weight is converted whenever
 * it is used, to the same bits. Otherwise libtorch keeps a converted copy. On a GPU libtorch always
 * keeps a copy in the GPU's memory.
 */
final class TorchNetwork implements Network {
  /**
   * The bytes of float32 weights from which on weights of half precision stay as they are stored.
   * To convert them takes some hundredths of a step's time, which is worth it for large ones only.
   */
  private static final long LARGE = 1L << 26;

  private final String name;
  private final List<String> ports;
  private final Model model;
  private final Block block;

  /**
   * The memory that libtorch's tensors point into. This reference keeps it mapped while the network
   * is in use.
   */
  private final List<MemorySegment> weights;

  /** Owns the copies among them. */
  private final Arena copies;

  private TorchNetwork(
      String name, List<String> ports, Model model, List<MemorySegment> weights, Arena copies) {
    this.name = name;
    this.ports = ports;
    this.model = model;
    this.block = model.getBlock();
    this.weights = weights;
    this.copies = copies;
  }

  /**
   * Loads a network.
   *
   * @param name the name of the network, for error messages
   * @throws BundleException if source and weights do not fit together or libtorch rejects them
   */
  static TorchNetwork load(
      String name, NetworkSource source, Safetensors weights, Precision precision, Device device) {
    Precision computed = source.precision(precision);
    return load(name, source, weights, computed, device, staysAsStored(weights, computed));
  }

  /**
   * The same.
   *
   * @param asStored whether weights of half precision stay as they are stored
   */
  static TorchNetwork load(
      String name,
      NetworkSource source,
      Safetensors weights,
      Precision precision,
      Device device,
      boolean asStored) {
    byte[] archive = TorchScript.hollow(source, weights, precision, asStored);
    Model model = TorchScript.load(name, archive, device, false);
    Arena copies = Arena.ofShared();
    try {
      List<MemorySegment> bound = new ArrayList<>();
      int binds = 0;
      for (String path : source.tensors().keySet()) {
        Tensor tensor = weights.get(path);
        String method = "bind_" + binds++;
        if (isKept(tensor.dtype(), source.precision(precision), asStored) && !device.isGpu()) {
          MemorySegment values = lasting(tensor, copies);
          bind(model, method, tensor, values);
          bound.add(values);
        } else { // libtorch makes a copy of its own
          try (Arena passing = Arena.ofConfined()) {
            bind(model, method, tensor, lasting(tensor, passing));
          }
          release(tensor.values());
        }
      }
      return new TorchNetwork(name, source.ports(), model, bound, copies);
    } catch (RuntimeException broken) {
      model.close();
      copies.close();
      throw new BundleException(
          "libtorch rejects the weights of network " + name + ": " + broken.getMessage(), broken);
    }
  }

  /** The bytes that the weights of a network take in a precision. */
  static long bytes(Safetensors weights, Precision precision) {
    boolean asStored = staysAsStored(weights, precision);
    return weights.tensors().values().stream()
        .mapToLong(tensor -> bytes(tensor, precision, asStored))
        .sum();
  }

  private static long bytes(Tensor tensor, Precision precision, boolean asStored) {
    long stored = tensor.values().byteSize();
    return isKept(tensor.dtype(), precision, asStored)
        ? stored
        : stored / tensor.dtype().bytes * precision.keeps(tensor.dtype()).bytes;
  }

  /** Whether libtorch reads values where they are, without converting them once. */
  static boolean isKept(Dtype stored, Precision precision, boolean asStored) {
    return stored == precision.keeps(stored) || (asStored && stored.isHalf());
  }

  private static boolean staysAsStored(Safetensors weights, Precision precision) {
    return precision == Precision.FLOAT32
        && weights.tensors().values().stream()
                .mapToLong(tensor -> bytes(tensor, precision, false))
                .sum()
            >= LARGE;
  }

  /** Gives the memory of mapped values back; they are read from the file again when needed. */
  private static void release(MemorySegment values) {
    if (values.isMapped()) {
      values.unload();
    }
  }

  /** The values outside the heap, copied only if they are not already there and aligned. */
  private static MemorySegment lasting(Tensor tensor, Arena copies) {
    MemorySegment values = tensor.values();
    if (values.isNative() && values.address() % tensor.dtype().bytes == 0) {
      return values;
    }
    MemorySegment copy = NativeCopy.of(values, copies);
    release(values);
    return copy;
  }

  /**
   * Binds a weight to the module. DJL's native interface does not support bfloat16, so the bits are
   * passed as float16 and the bind method of the archive reinterprets them. The call runs in
   * training mode, so that it creates ordinary tensors that can take part in differentiation.
   */
  private static void bind(Model model, String method, Tensor tensor, MemorySegment values) {
    DataType type =
        switch (tensor.dtype()) {
          case F32 -> DataType.FLOAT32;
          case F16, BF16 -> DataType.FLOAT16;
          case I8 -> DataType.INT8;
          case I32 -> DataType.INT32;
          case I64 -> DataType.INT64;
          case U8, BOOL ->
              throw new BundleException("a weight is of type " + tensor.dtype() + ", no number");
        };
    try (NDManager scope = model.getNDManager().newSubManager();
        NDArray tag = scope.create(0)) {
      Device device = scope.getDevice();
      // libtorch uses only the buffer's address, so the 2 GB limit of Java's buffers does not
      // matter.
      MemorySegment start = values.asSlice(0, Math.min(values.byteSize(), Integer.MAX_VALUE));
      NDArray weight =
          JniUtils.createNdFromByteBuffer(
              (PtNDManager) scope,
              start.asByteBuffer(),
              new Shape(tensor.dimensions()),
              type,
              SparseFormat.DENSE,
              device);
      tag.setName("module_method:" + method);
      IValueUtils.forward((PtSymbolBlock) model.getBlock(), new NDList(tag, weight), true);
    }
  }

  @Override
  public List<String> ports() {
    return ports;
  }

  @Override
  public NDList call(Map<String, NDArray> inputs) {
    NDList fed = new NDList();
    for (String port : ports) {
      NDArray input = inputs.get(port);
      if (input == null) {
        throw new BundleException(
            "port %s of network %s has no input; the ports are %s".formatted(port, name, ports));
      }
      fed.add(input);
    }
    for (String port : inputs.keySet()) {
      if (!ports.contains(port)) {
        throw new BundleException(
            "network %s has no port %s; the ports are %s".formatted(name, port, ports));
      }
    }
    NDManager outer = fed.head().getManager();
    try (NDManager scope = outer.newSubManager()) {
      NDList aliases = new NDList(fed.stream().map(input -> alias(input, scope)).toList());
      NDList results = block.forward(new ParameterStore(scope, false), aliases, false);
      results.attach(outer);
      return results;
    } finally {
      Reference.reachabilityFence(weights);
    }
  }

  /**
   * The same values under another manager, so that closing the call's scope does not free the
   * caller's array.
   */
  private static NDArray alias(NDArray array, NDManager scope) {
    NDArray alias = array.reshape(array.getShape());
    alias.attach(scope);
    return alias;
  }

  @Override
  public void close() {
    model.close();
    weights.forEach(TorchNetwork::release);
    copies.close();
  }
}
