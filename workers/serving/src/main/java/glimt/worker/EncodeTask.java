package glimt.worker;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import glimt.bundle.Network;
import glimt.job.Product;
import glimt.job.Task;
import glimt.job.Work;
import glimt.model.Encoder;
import glimt.pipeline.PromptEncoder;
import glimt.pipeline.TokenIds;
import glimt.pipeline.Understood;
import glimt.worker.Stopwatch.Lap;
import glimt.worker.Stopwatch.Phase;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * An encode task: runs an encoder on a text, which a lexicon may put into names that it knows.
 *
 * @param warn is told of words that do not fit, also if the result is an earlier task's
 */
record EncodeTask(
    Generation generation,
    Task task,
    Work.Encode work,
    LoadedBundle bundle,
    Attempt attempt,
    Consumer<String> warn) {

  /** Encodes a text, unless an earlier task's result with the same bytes can still be read. */
  List<Product> products() {
    Encoder encoder = bundle.card().encoder(work.level());
    String text = text(encoder);
    TokenIds tokens = bundle.tokens(encoder.reader(), text);
    String called = work.text().equals(task.spec().prompt()) ? "prompt" : "negative prompt";
    tokens.warning(called, encoder.network()).ifPresent(warn);
    if (!task.known().isEmpty()
        && task.known().stream()
            .allMatch(known -> generation.artifacts().verify(known.artifact().id()))) {
      return task.known();
    }
    Network network;
    try (Lap _ = attempt.in(Phase.LOAD)) {
      network = bundle.network(encoder);
    }
    try (NDManager scope = generation.manager().newSubManager();
        Lap _ = attempt.in(Phase.ENCODE)) {
      Map<String, NDArray> states = new PromptEncoder(encoder, network).encoded(scope, tokens);
      try (Lap _ = attempt.in(Phase.WRITE)) {
        return List.of(generation.tensors().tensors(states));
      }
    }
  }

  /** Returns the text that is encoded: in the names of a lexicon, if the task asks for that. */
  private String text(Encoder encoder) {
    if (work.lexicon() == null) {
      return work.text();
    }
    Understood understood =
        bundle.lexicon(work.lexicon()).read(work.text(), texts -> meanings(texts, encoder));
    understood.notes().forEach(warn);
    return understood.text();
  }

  private List<float[]> meanings(List<String> texts, Encoder encoder) {
    Network network;
    try (Lap _ = attempt.in(Phase.LOAD)) {
      network = bundle.network(encoder);
    }
    try (Lap _ = attempt.in(Phase.ENCODE)) {
      return PromptEncoder.meanings(
          network,
          generation.manager(),
          texts.stream().map(text -> bundle.tokens(encoder.reader(), text)).toList());
    }
  }
}
