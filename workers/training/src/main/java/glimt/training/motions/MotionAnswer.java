package glimt.training.motions;

import glimt.metrics.Moments;
import glimt.training.evaluation.Prompt;
import glimt.training.motions.MotionAssessor.WantedClip;
import glimt.training.motions.MotionJudge.NamedClip;
import glimt.training.words.CaptionGrammar;
import glimt.training.words.CaptionGrammar.Movement;
import java.util.List;
import java.util.Locale;
import java.util.function.BiPredicate;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;

/**
 * The assessment of clips, each of which has a caption.
 *
 * @param known how often those are right whose caption is in words of training
 * @param newWords how often those are right whose phrasing and words are held out
 * @param constancy the fraction whose subject is the same in the first and in the last frame
 * @param drift of those that should stand still, the mean of the largest way from the first frame,
 *     in pixels
 * @param wander of those that should go left, right, up or down, the mean of the largest way aside,
 *     in pixels
 * @param jitter the mean of how far a place is from the middle of those before and after, in
 *     pixels, of those that go or stand still
 * @param edges the mean of {@link Sighting#edges}
 * @param moments the moments of the classifier's features
 */
record MotionAnswer(
    Adherence known,
    Adherence newWords,
    double constancy,
    double drift,
    double wander,
    double jitter,
    double edges,
    Moments moments) {
  private static final double PIXELS = ClipDecoder.SIDE / 2.0;

  /** The fractions that show the right subject, background and motion, and all three. */
  record Adherence(double subject, double colour, double motion, double all) {
    private static Adherence of(
        List<Integer> clips, List<WantedClip> wanted, List<NamedClip> found) {
      BiPredicate<WantedClip, NamedClip> subject =
          (asked, seen) -> seen.subject() == asked.subject();
      BiPredicate<WantedClip, NamedClip> colour = (asked, seen) -> seen.colour() == asked.colour();
      BiPredicate<WantedClip, NamedClip> motion = (asked, seen) -> seen.motion() == asked.motion();
      return new Adherence(
          share(clips, wanted, found, subject),
          share(clips, wanted, found, colour),
          share(clips, wanted, found, motion),
          share(clips, wanted, found, subject.and(colour).and(motion)));
    }

    @Override
    public String toString() {
      return String.format(
          Locale.ROOT,
          "subject %.3f, background %.3f, motion %.3f, all %.3f",
          subject,
          colour,
          motion,
          all);
    }
  }

  static MotionAnswer of(
      List<Prompt<WantedClip>> prompts,
      List<Sighting> clips,
      MotionJudge judge,
      CaptionGrammar grammar) {
    List<NamedClip> found = judge.judge(clips);
    List<WantedClip> wanted = prompts.stream().map(Prompt::wanted).toList();
    List<Integer> every = IntStream.range(0, clips.size()).boxed().toList();
    List<Integer> known = every.stream().filter(i -> !wanted.get(i).newWords()).toList();
    List<Integer> held = every.stream().filter(i -> wanted.get(i).newWords()).toList();
    List<Integer> still =
        every.stream().filter(i -> rests(grammar.motions().get(wanted.get(i).motion()))).toList();
    List<Integer> going =
        every.stream().filter(i -> goes(grammar.motions().get(wanted.get(i).motion()))).toList();
    List<Integer> smooth =
        every.stream().filter(i -> still.contains(i) || going.contains(i)).toList();
    return new MotionAnswer(
        Adherence.of(known, wanted, found),
        Adherence.of(held, wanted, found),
        share(every, wanted, found, (_, seen) -> seen.subject() == seen.last()),
        mean(still, i -> farthest(clips.get(i).tracked(), 1, 1)),
        mean(
            going,
            i ->
                farthest(
                    clips.get(i).tracked(),
                    grammar.motions().get(wanted.get(i).motion()).x() == 0 ? 1 : 0,
                    grammar.motions().get(wanted.get(i).motion()).y() == 0 ? 1 : 0)),
        mean(smooth, i -> jitter(clips.get(i).tracked())),
        mean(every, i -> clips.get(i).edges()),
        Moments.of(found.stream().map(NamedClip::features).toArray(double[][]::new)));
  }

  private static boolean goes(Movement motion) {
    return motion.x() != 0 || motion.y() != 0;
  }

  private static boolean rests(Movement motion) {
    return !goes(motion)
        && motion.from() == motion.to()
        && motion.turns() == 0
        && motion.swing() == null;
  }

  private static double share(
      List<Integer> of,
      List<WantedClip> wanted,
      List<NamedClip> found,
      BiPredicate<WantedClip, NamedClip> right) {
    return mean(of, i -> right.test(wanted.get(i), found.get(i)) ? 1 : 0);
  }

  private static double mean(List<Integer> of, ToDoubleFunction<Integer> value) {
    return of.stream().mapToDouble(value).average().orElse(Double.NaN);
  }

  /** The largest distance from the first frame, in pixels, along the axes that count. */
  private static double farthest(Tracked tracked, double across, double down) {
    double most = 0;
    for (int i = 0; i < tracked.x().length; i++) {
      most =
          Math.max(
              most,
              Math.hypot(
                  across * (tracked.x()[i] - tracked.x()[0]),
                  down * (tracked.y()[i] - tracked.y()[0])));
    }
    return PIXELS * most;
  }

  private static double jitter(Tracked tracked) {
    double[] x = tracked.x();
    double[] y = tracked.y();
    double sum = 0;
    for (int i = 1; i + 1 < x.length; i++) {
      sum += Math.hypot((x[i - 1] + x[i + 1]) / 2 - x[i], (y[i - 1] + y[i + 1]) / 2 - y[i]);
    }
    return PIXELS * sum / (x.length - 2);
  }

  @Override
  public String toString() {
    return String.format(
        Locale.ROOT,
        "%s; in new words %s; same subject %.3f, drift %.2f, wander %.2f, jitter %.2f px, edges"
            + " %.4f",
        known,
        newWords,
        constancy,
        drift,
        wander,
        jitter,
        edges);
  }
}
