package glimt.training.clips;

import static org.assertj.core.api.Assertions.assertThat;

import glimt.bundle.Bundle;
import glimt.metrics.Figure;
import glimt.model.WordList;
import glimt.training.evaluation.Candidate;
import glimt.training.evaluation.Evaluator;
import glimt.training.evaluation.Samples;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs a small part of {@code glimt eval} on the shipped bundle. */
class ClipAssessorTest {
  private static final Path BUNDLE = Path.of("../models/tiles");

  @Test
  void the_default_bundle_shows_what_its_prompts_ask_for_and_an_untrained_network_does_not()
      throws Exception {
    List<Figure> figures = measured(Candidate.of(Bundle.open(BUNDLE)), 16);

    assertThat(figure(figures, "base: background colour right").made()).isGreaterThan(0.9);
    assertThat(figure(figures, "base: motion right").made()).isGreaterThan(0.8);
    assertThat(figure(figures, "base: subject right, top-1").made()).isGreaterThan(0.6);
    assertThat(figure(figures, "base: all three right").beside()).containsEntry("untrained", 0.0);
  }

  @Test
  void a_network_is_measured_while_the_others_are_not_even_begun(@TempDir Path folder)
      throws Exception {
    for (String weights : List.of("base.safetensors", "classifier.safetensors")) {
      Files.copy(BUNDLE.resolve(weights), folder.resolve(weights));
    }
    Optional<WordList> vocabulary = Optional.of(GivenScenes.grammar().vocabulary());
    Candidate candidate = Candidate.unfinished(BUNDLE.resolve("recipe.json"), folder, vocabulary);

    assertThat(measured(candidate, 2)).isEqualTo(measured(Candidate.of(Bundle.open(BUNDLE)), 2));
  }

  @Test
  void a_clip_is_made_from_level_to_level_and_its_cost_is_told() throws Exception {
    Bundle bundle = Bundle.open(BUNDLE);
    Candidate candidate = Candidate.of(bundle);
    try (ClipAssessor assessor = assessor(candidate)) {
      Samples<Scene> samples =
          Samples.whole(
              candidate,
              assessor.whole(1).prompts(),
              1,
              levels -> assessor.seen(bundle.card().levels(), levels),
              _ -> {});
      List<Figure> costs = assessor.costs(samples, null);

      assertThat(samples.all().getFirst().last()).hasSize(24 * 3 * 128 * 128);
      assertThat(assessor.sheet(samples).width()).isGreaterThan(4 * 96);
      assertThat(figure(costs, "all levels: seconds of one core a clip").made()).isPositive();
      assertThat(figure(costs, "base: network evaluations a clip, of 1 segments").made())
          .isEqualTo(2 * bundle.card().level("base").sampling().steps());
      assertThat(new SeamFigures(samples).borders(null)).isNotEmpty();
    }
  }

  private static List<Figure> measured(Candidate candidate, int samples) throws Exception {
    try (Evaluator<?, ?> evaluator = new Evaluator<>(candidate, assessor(candidate), _ -> {})) {
      return evaluator.measure("base", samples).figures();
    }
  }

  private static ClipAssessor assessor(Candidate candidate) {
    return new ClipAssessor(candidate, GivenScenes.recipe(), null, _ -> {});
  }

  private static Figure figure(List<Figure> figures, String what) {
    return figures.stream().filter(one -> one.what().equals(what)).findFirst().orElseThrow();
  }
}
