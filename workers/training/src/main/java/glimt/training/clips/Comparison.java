package glimt.training.clips;

import glimt.metrics.Bar;
import glimt.metrics.Figure;
import glimt.metrics.Moments;
import glimt.training.clips.HeldOut.Asked;
import glimt.training.clips.Judge.Verdict;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Small clips made for prompts beside other answers to the same kind of prompts: real clips, those
 * of a network that has learned nothing, copies.
 */
final class Comparison {
  /** The column of what is real, which the Fr&eacute;chet distance is divided by. */
  static final String REAL = "real";

  /** One way to answer, judged. */
  private record Answer(PromptAdherence steering, @Nullable Moments moments, double constancy) {}

  private final Judge judge;
  private final Grammar grammar;
  private final @Nullable Moments reference;
  private final Map<String, Answer> answers = new LinkedHashMap<>();

  /**
   * @param reference of real clips that are none of the answers; without it distances are left out
   */
  Comparison(Judge judge, Grammar grammar, @Nullable Moments reference) {
    this.judge = judge;
    this.grammar = grammar;
    this.reference = reference;
  }

  /**
   * Judges one way to answer.
   *
   * @param name of its column; the first one is what is measured, the others stand beside it
   * @param clips one for each prompt, as {@link Judge#keys} gives them
   */
  PromptAdherence add(String name, List<Asked> asked, List<float[]> clips) {
    List<Verdict> verdicts = judge.judge(clips);
    PromptAdherence steering = PromptAdherence.of(asked, verdicts);
    Moments moments =
        reference == null || clips.size() < 2
            ? null
            : Moments.of(verdicts.stream().map(Verdict::features).toArray(double[][]::new));
    answers.put(name, new Answer(steering, moments, judge.constancy(clips)));
    return steering;
  }

  /** What was found, each line after the name of the level. */
  List<Figure> figures(String level) {
    List<Figure> figures = new ArrayList<>();
    figures.add(line(level + ": clips", answer -> (double) answer.steering.right().size()));
    figures.add(
        line(level + ": background colour right", answer -> answer.steering.colour())
            .toReach(new Bar.AtLeast(0.97)));
    figures.add(line(level + ": motion right", answer -> answer.steering.motion()));
    for (int i = 0; i < grammar.motions().size(); i++) {
      int number = i;
      Grammar.Motion motion = grammar.motions().get(i);
      Figure figure =
          line(
              level + ": motion right, " + motion.word(), answer -> answer.steering.motion(number));
      boolean goes = motion.x() != 0 || motion.y() != 0 || motion.from() != motion.to();
      figures.add(
          goes
              ? figure.toReach(new Bar.AtLeast(0.97))
              : motion.turns() != 0 ? figure.toReach(new Bar.AtLeast(0.7)) : figure);
    }
    figures.add(
        line(level + ": subject right, top-1", answer -> answer.steering.subject())
            .toReach(new Bar.AtLeast(0.88)));
    figures.add(
        line(level + ": all three right", answer -> answer.steering.all())
            .toReach(new Bar.AtLeast(0.82)));
    figures.add(
        line(level + ": subject the same in the first and last frame", Answer::constancy)
            .toReach(new Bar.AtLeast(0.85)));
    Answer real = answers.get(REAL);
    if (real != null && real.moments != null) {
      double least = distance(real);
      figures.add(line(level + ": Fréchet distance to real clips", this::distance));
      figures.add(
          line(level + ": the same, real against real = 1", answer -> distance(answer) / least)
              .toReach(new Bar.AtMost(2.5)));
    }
    return figures;
  }

  private double distance(Answer answer) {
    return reference == null || answer.moments == null
        ? Double.NaN
        : answer.moments.frechet(reference);
  }

  private Figure line(String what, Function<Answer, Double> value) {
    List<String> names = List.copyOf(answers.keySet());
    Figure figure = null;
    for (String name : names) {
      Answer answer = answers.get(name);
      double found = answer == null ? Double.NaN : value.apply(answer);
      figure = figure == null ? Figure.of(what, found) : figure.beside(name, found);
    }
    if (figure == null) {
      throw new IllegalStateException("nothing was judged");
    }
    return figure;
  }
}
