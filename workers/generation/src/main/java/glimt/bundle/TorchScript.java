package glimt.bundle;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.pytorch.jni.JniUtils;
import glimt.bundle.NetworkSource.Attribute;
import glimt.bundle.NetworkSource.ModuleClass;
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

/**
 * Assembles a TorchScript archive in memory from a readable source and safetensors weights.
 *
 * <p>The archive is a stored zip: {@code code/__torch__.py} is the source, {@code data.pkl} the
 * tree of modules, {@code data/N} the raw values of parameter N. It is a build product for the
 * libtorch at hand, never kept; source and weights are the truth. The same archive trains, serves,
 * and loads in any PyTorch.
 *
 * <p>A weight is named by its path through the modules: attribute {@code qkv} of module {@code b0}
 * whose class holds a tensor {@code weight} is {@code b0.qkv.weight}. Source and weights must name
 * exactly the same tensors.
 */
public final class TorchScript {
  /** The newest file format libtorch 2.7 writes: its operators need no upgrading. */
  private static final String FORMAT = "10\n";

  private final NetworkSource source;
  private final Safetensors weights;
  private final Precision kept;
  private final Precision computed;
  private final Pickle pickle = new Pickle();
  private final List<byte[]> storages = new ArrayList<>();
  private final Set<String> used = new LinkedHashSet<>();

  private TorchScript(
      NetworkSource source, Safetensors weights, Precision kept, Precision computed) {
    this.source = source;
    this.weights = weights;
    this.kept = kept;
    this.computed = computed;
  }

  /**
   * Returns the archive's bytes.
   *
   * @param kept the format of the weights in memory: training keeps 32 bits
   * @param computed the format between input and output, the root's attribute {@code precision}
   */
  public static byte[] assemble(
      NetworkSource source, Safetensors weights, Precision kept, Precision computed) {
    return new TorchScript(source, weights, kept, computed).archive();
  }

  /**
   * Loads an archive; {@code name} stands for it in errors.
   *
   * <p>libtorch's optimising executor is switched off: it runs a network's first calls by other
   * kernels than the later ones, so that a walk resumed in a new process would end in other bits.
   * It was not faster either.
   *
   * @param trained whether the weights are to learn
   */
  static Model load(String name, byte[] archive, boolean trained) {
    Model model = Model.newInstance(name, "PyTorch");
    JniUtils.setGraphExecutorOptimize(false);
    try {
      Map<String, String> options = trained ? Map.of("trainParam", "true") : Map.of();
      model.load(new ByteArrayInputStream(archive), options);
      return model;
    } catch (IOException | MalformedModelException | RuntimeException broken) {
      model.close();
      throw new BundleException(
          "libtorch does not take network " + name + ": " + broken.getMessage(), broken);
    }
  }

  private byte[] archive() {
    module("", source.root());
    Set<String> unused = new LinkedHashSet<>(weights.tensors().keySet());
    unused.removeAll(used);
    if (!unused.isEmpty()) {
      throw new BundleException(
          "the weights hold tensors that no module of the source has: " + unused);
    }
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
      store(zip, "data.pkl", pickle.end());
      store(zip, "code/__torch__.py", source.qualified().getBytes(StandardCharsets.UTF_8));
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
      throw new BundleException("the source wants a number " + path + ", which no bundle gives");
    }
    pickle.number(computed.scalarType);
  }

  /** {@code torch._utils._rebuild_tensor_v2(storage, 0, shape, strides, requires_grad, hooks)}. */
  private void tensor(String path) {
    Safetensors.Tensor tensor = weights.get(path).as(kept.dtype);
    used.add(path);
    long[] shape = tensor.dimensions();
    long[] strides = new long[shape.length];
    long stride = 1;
    for (int i = shape.length - 1; i >= 0; i--) {
      strides[i] = stride;
      stride *= shape[i];
    }
    pickle.global("torch._utils", "_rebuild_tensor_v2").mark();
    pickle.mark().string("storage").global("torch", kept.storage);
    pickle.string(Integer.toString(storages.size())).string("cpu").number(tensor.size());
    pickle.tuple().persistent().number(0);
    numbers(shape);
    numbers(strides);
    pickle.bool(true);
    pickle.global("collections", "OrderedDict").emptyTuple().call();
    pickle.tuple().call();
    byte[] bytes = new byte[tensor.values().capacity()];
    tensor.bytes().get(bytes);
    storages.add(bytes);
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
