package glimt.training.words;

import ai.djl.ndarray.NDManager;
import glimt.bundle.Network;
import glimt.bundle.NetworkSource;
import glimt.bundle.Precision;
import glimt.bundle.Safetensors;
import glimt.bundle.Tokenizer;
import glimt.bundle.Tokenizer.Tokens;
import glimt.pipeline.PromptEncoder;
import glimt.pipeline.TokenIds;
import glimt.training.recipe.TrainingException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The text encoder of a bundle, as training uses it: many captions in one call. */
public final class CaptionEncoder implements AutoCloseable {
  /** The number of tokens of a caption, including those that mark its begin and end. */
  public static final int LENGTH = 24;

  /** The number of values of a token's state. */
  public static final int WIDTH = 384;

  /** The file stem of the encoder's source and weights. */
  public static final String NETWORK = "text";

  /** The file of the tokenizer. */
  public static final String TOKENIZER = "tokenizer.json";

  private final Tokenizer tokenizer;
  private final Network network;

  private CaptionEncoder(Tokenizer tokenizer, Network network) {
    this.tokenizer = tokenizer;
    this.network = network;
  }

  /**
   * Opens the encoder. The caller closes it.
   *
   * @param source the folder of the source, {@code text.py}
   * @param weights the folder of the weights and the tokenizer
   * @throws TrainingException if a file is missing
   */
  public static CaptionEncoder of(Path source, Path weights) {
    Tokenizer.Rules rules = new Tokenizer.Rules(LENGTH, 0, true, false);
    String file = NETWORK + ".py";
    byte[] text = bytes(source.resolve(file));
    byte[] vocabulary = bytes(weights.resolve(TOKENIZER));
    Network network =
        Network.of(
            NETWORK,
            NetworkSource.parse(file, new String(text, StandardCharsets.UTF_8)),
            Safetensors.map(weights.resolve(NETWORK + ".safetensors")),
            Precision.FLOAT32);
    return new CaptionEncoder(Tokenizer.of(List.of(TOKENIZER), _ -> vocabulary, rules), network);
  }

  private static byte[] bytes(Path file) {
    try {
      return Files.readAllBytes(file);
    } catch (IOException broken) {
      throw new TrainingException("cannot read %s of the text encoder".formatted(file), broken);
    }
  }

  /** Converts a caption into {@value #LENGTH} tokens. */
  Tokens read(String caption) {
    return tokenizer.read(caption);
  }

  /**
   * Encodes captions.
   *
   * @param read tokens of the captions
   * @param length the number of tokens of the longest of them, so that shorter batches cost less
   * @return the states of the tokens, row-major, [captions, length, {@value #WIDTH}]; those of
   *     padding are zeros
   */
  float[] states(List<Tokens> read, int length) {
    try (NDManager manager = NDManager.newBaseManager()) {
      List<TokenIds> texts = read.stream().map(TokenIds::of).toList();
      return PromptEncoder.states(network, manager, texts, length).toFloatArray();
    }
  }

  /** The meanings of texts, as a lexicon of the bundle compares them. */
  public List<float[]> meanings(List<String> texts) {
    try (NDManager manager = NDManager.newBaseManager()) {
      return PromptEncoder.meanings(
          network, manager, texts.stream().map(this::read).map(TokenIds::of).toList());
    }
  }

  @Override
  public void close() {
    network.close();
    tokenizer.close();
  }
}
