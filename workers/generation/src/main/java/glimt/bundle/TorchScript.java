package glimt.bundle;

import ai.djl.Device;
import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.pytorch.jni.JniUtils;
import glimt.bundle.NetworkSource.Attribute;
import glimt.bundle.NetworkSource.ModuleClass;
import glimt.bundle.Safetensors.Dtype;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.jspecify.annotations.Nullable;

/**
 * Assembles a TorchScript archive in memory from a readable source and safetensors weights.
 *
 * <p>The archive is an uncompressed zip: {@code code/__torch__.py} is the source, {@code data.pkl}
 * the tree of modules, {@code data/N} the raw values of parameter N. It is built for the libtorch
 * in use and never stored; the source and the weights are authoritative. Any PyTorch can load it.
 *
 * <p>The name of a weight is its path through the modules, such as {@code b0.qkv.weight} for the
 * tensor {@code weight} of attribute {@code qkv} of module {@code b0}. Source and weights must name
 * exactly the same tensors.
 *
 * <p>An archive for serving is hollow: its tensors are empty, and its root has a method for each
 * weight, such as {@code bind_3(weight)}, which installs a tensor that points to the mapped values;
 * libtorch converts it if the file has another format. Weights are therefore never copied into an
 * archive or through the heap.
 */
public final class TorchScript {
  /** The newest file format that libtorch 2.7 writes, so that it need not upgrade any operators. */
  private static final String FORMAT = "10\n";

  /**
   * Reinterprets two-byte values as bfloat16 without a copy. (TorchScript has no {@code
   * view.dtype}.)
   */
  private static final String SEEN_AS_BFLOAT16 =
      "torch.set_(torch.empty([0], dtype=%s, device=ops.prim.device(weight)), weight)"
          .formatted(Precision.BFLOAT16.scalarType);

  private final NetworkSource source;
  private final @Nullable Safetensors weights;
  private final Precision kept;
  private final Precision computed;
  private final Pickle pickle = new Pickle();
  private final List<byte[]> storages = new ArrayList<>();

  /**
   * Prepares an archive.
   *
   * @param weights null for a hollow archive
   */
  private TorchScript(
      NetworkSource source, @Nullable Safetensors weights, Precision kept, Precision computed) {
    this.source = source;
    this.weights = weights;
    this.kept = kept;
    this.computed = computed;
  }

  /**
   * Returns the bytes of an archive that contains its weights as trainable parameters.
   *
   * @param kept the format of the weights in memory; float32 for training
   * @param computed the format of the computation, which becomes the root's attribute {@code
   *     precision}
   * @throws BundleException if source and weights do not name the same tensors
   */
  public static byte[] assemble(
      NetworkSource source, Safetensors weights, Precision kept, Precision computed) {
    agree(source, weights);
    return new TorchScript(source, weights, kept, computed).archive(source.qualified(true, ""));
  }

  /**
   * Returns the bytes of a hollow archive, to which {@link TorchNetwork} binds weights.
   *
   * @param asStored whether weights of half precision stay as they are stored, and are converted
   *     whenever the network uses them
   */
  static byte[] hollow(
      NetworkSource source, Safetensors weights, Precision precision, boolean asStored) {
    agree(source, weights);
    Precision kept = source.precision(precision);
    StringBuilder binds = new StringBuilder();
    int i = 0;
    for (String path : source.tensors().keySet()) {
      Safetensors.Tensor tensor = weights.get(path);
      binds.append(
          "  def bind_%s(self: __torch__.Network, weight: Tensor) -> Tensor:%n".formatted(i++));
      binds.append(
          "    self.%s = %s%n    return weight%n"
              .formatted(path, placed(tensor.dtype(), kept, asStored)));
    }
    String code = source.qualified(false, binds.toString());
    return new TorchScript(source, null, kept, kept)
        .archive(asStored ? source.converting(code, kept) : code);
  }

  /**
   * The TorchScript expression that converts a bound weight, as {@link TorchNetwork} passes it, to
   * the format {@code kept}, unless it stays as it is stored. Quantised weights stay int8, because
   * only the network knows their scale.
   */
  private static String placed(Dtype stored, Precision kept, boolean asStored) {
    String read = stored == Dtype.BF16 ? SEEN_AS_BFLOAT16 : "weight";
    return TorchNetwork.isKept(stored, kept, asStored)
        ? read
        : "torch.to(%s, %s)".formatted(read, kept.scalarType);
  }

  /**
   * Checks that source and weights name the same tensors.
   *
   * @throws BundleException if they do not; the message names the missing or unused tensors
   */
  static void agree(NetworkSource source, Safetensors weights) {
    Set<String> wanted = source.tensors().keySet();
    Set<String> there = weights.tensors().keySet();
    for (String path : wanted) {
      if (!there.contains(path)) {
        throw new BundleException(
            "the tensor %s, which the source declares, is missing; the weights have %s"
                .formatted(path, few(there)));
      }
    }
    Set<String> unused = new LinkedHashSet<>(there);
    unused.removeAll(wanted);
    if (!unused.isEmpty()) {
      throw new BundleException(
          "the weights have tensors that the source does not declare: " + few(unused));
    }
  }

  private static String few(Set<String> names) {
    List<String> some = names.stream().limit(8).toList();
    int more = names.size() - some.size();
    return more == 0 ? some.toString() : "%s and %s more".formatted(some, more);
  }

  /**
   * Loads an archive.
   *
   * <p>This switches off libtorch's optimising executor, because it runs a network's first calls
   * with different kernels than later calls, so that a walk resumed in a new process would give
   * different bits. The optimising executor was not faster either.
   *
   * @param name the name of the network, for error messages
   * @param trained whether the weights will be trained
   * @throws BundleException if libtorch rejects the archive
   */
  static Model load(String name, byte[] archive, Device device, boolean trained) {
    Model model = Model.newInstance(name, device, "PyTorch");
    JniUtils.setGraphExecutorOptimize(false);
    try {
      Map<String, String> options = trained ? Map.of("trainParam", "true") : Map.of();
      model.load(new ByteArrayInputStream(archive), options);
      return model;
    } catch (IOException | MalformedModelException | RuntimeException broken) {
      model.close();
      throw new BundleException(
          "libtorch rejects network " + name + ": " + broken.getMessage(), broken);
    }
  }

  private byte[] archive(String code) {
    module("", source.root());
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
      store(zip, "data.pkl", pickle.end());
      store(zip, "code/__torch__.py", code.getBytes(StandardCharsets.UTF_8));
      for (int i = 0; i < storages.size(); i++) {
        store(zip, "data/" + i, storages.get(i));
      }
      store(zip, "constants.pkl", new Pickle().emptyTuple().end());
      store(zip, "version", FORMAT.getBytes(StandardCharsets.US_ASCII));
    } catch (IOException impossible) {
      throw new UncheckedIOException("cannot write to memory", impossible);
    }
    return bytes.toByteArray();
  }

  private void module(String path, ModuleClass type) {
    pickle.global("__torch__", type.name()).object();
    for (Attribute attribute : type.attributes()) {
      pickle.string(attribute.name());
      switch (attribute.type()) {
        case "Tensor" -> tensor(path + attribute.name());
        case "int" -> number(path + attribute.name());
        default -> module(path + attribute.name() + ".", source.moduleClass(attribute.type()));
      }
    }
    pickle.string("training").bool(false).endObject();
  }

  private void number(String path) {
    if (!path.equals("precision")) {
      throw new BundleException(
          "the source declares the number "
              + path
              + ", but the only number a source may declare is precision");
    }
    pickle.number(computed.scalarType);
  }

  private void tensor(String path) {
    if (weights == null) {
      tensor(new byte[0], 0);
      return;
    }
    Safetensors.Tensor tensor = weights.get(path).as(kept.dtype);
    byte[] bytes = new byte[Math.toIntExact(tensor.values().byteSize())];
    tensor.bytes().get(bytes);
    tensor(bytes, tensor.dimensions());
  }

  /** {@code torch._utils._rebuild_tensor_v2(storage, 0, shape, strides, requires_grad, hooks)}. */
  private void tensor(byte[] values, long... shape) {
    long[] strides = new long[shape.length];
    long stride = 1;
    for (int i = shape.length - 1; i >= 0; i--) {
      strides[i] = stride;
      stride *= shape[i];
    }
    pickle.global("torch._utils", "_rebuild_tensor_v2").mark();
    pickle.mark().string("storage").global("torch", kept.storage);
    pickle.string(Integer.toString(storages.size())).string("cpu");
    pickle.number(values.length / kept.dtype.bytes);
    pickle.tuple().persistent().number(0);
    numbers(shape);
    numbers(strides);
    pickle.bool(weights != null);
    pickle.global("collections", "OrderedDict").emptyTuple().call();
    pickle.tuple().call();
    storages.add(values);
  }

  private void numbers(long[] values) {
    pickle.mark();
    for (long value : values) {
      pickle.number(value);
    }
    pickle.tuple();
  }

  private static void store(ZipOutputStream zip, String name, byte[] bytes) throws IOException {
    CRC32 crc = new CRC32();
    crc.update(bytes);
    ZipEntry entry = new ZipEntry("network/" + name);
    entry.setMethod(ZipEntry.STORED);
    entry.setSize(bytes.length);
    entry.setCompressedSize(bytes.length);
    entry.setCrc(crc.getValue());
    zip.putNextEntry(entry);
    zip.write(bytes);
    zip.closeEntry();
  }
}
