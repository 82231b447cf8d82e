package glimt.training.evaluation;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import glimt.bundle.Network;
import glimt.bundle.Tokenizer;
import glimt.model.Encoder;
import glimt.model.Level;
import glimt.model.Port;
import glimt.model.WordList;
import glimt.pipeline.Lexicon;
import glimt.pipeline.PromptEncoder;
import glimt.pipeline.Prompted;
import glimt.pipeline.TokenIds;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Converts prompts into what levels are fed, as jobs do: word lists directly, other readers through
 * the bundle's encoders, which are opened on first use. May be used by one thread at a time.
 */
final class PromptReading implements AutoCloseable {
  /** An encoder with its tokenizer. */
  private record Opened(
      Encoder encoder, Network network, Tokenizer tokenizer, @Nullable Lexicon lexicon) {
    TokenIds tokens(String text) {
      return TokenIds.of(tokenizer.read(text));
    }
  }

  /** An encoder's output, outside of libtorch's memory. */
  private record Kept(float[] values, Shape shape) {}

  private final Candidate candidate;
  private final Map<String, Opened> encoders = new HashMap<>();

  PromptReading(Candidate candidate) {
    this.candidate = candidate;
  }

  /** What a level is fed for a prompt. */
  Prompted of(Level level, String prompt) {
    if (candidate.card().reader() instanceof WordList words) {
      return Prompted.words(level, words, prompt);
    }
    Map<Port, Function<NDManager, NDArray>> given = new LinkedHashMap<>();
    Map<Port, Function<NDManager, NDArray>> withheld = new LinkedHashMap<>();
    for (Port port : level.ports()) {
      if (port.feed() == Port.PortSource.ENCODER) {
        Kept said = encoded(port, port.output(), prompt);
        Kept unsaid = encoded(port, port.unconditionalOutput(), "");
        given.put(port, manager -> manager.create(said.values, said.shape));
        withheld.put(port, manager -> manager.create(unsaid.values, unsaid.shape));
      }
    }
    return new Prompted(given, withheld);
  }

  private Kept encoded(Port port, @Nullable String output, String prompt) {
    Opened one = encoders.computeIfAbsent(Objects.requireNonNull(port.encoder()), this::opened);
    PromptEncoder encoder = new PromptEncoder(one.encoder, one.network);
    try (NDManager scope = NDManager.newBaseManager("PyTorch")) {
      String text =
          one.lexicon == null
              ? prompt
              : one.lexicon
                  .read(
                      prompt,
                      texts ->
                          PromptEncoder.meanings(
                              one.network, scope, texts.stream().map(one::tokens).toList()))
                  .text();
      Map<String, NDArray> outputs = encoder.encoded(scope, one.tokens(text));
      NDArray states =
          Objects.requireNonNull(outputs.get(output), "the card names an output of its encoder");
      return new Kept(states.toFloatArray(), states.getShape());
    }
  }

  private Opened opened(String name) {
    Encoder encoder = candidate.card().encoder(name);
    String stem = encoder.lexicon();
    return new Opened(
        encoder,
        candidate.part(encoder.network()),
        candidate.tokenizer().apply(encoder.reader()),
        stem == null ? null : Lexicon.of(stem, candidate.text(), candidate.tensors()));
  }

  @Override
  public void close() {
    for (Opened one : encoders.values()) {
      one.network.close();
      one.tokenizer.close();
    }
  }
}
