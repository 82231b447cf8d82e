package glimt.training.pictures;

import glimt.metrics.Moments;
import glimt.training.evaluation.Prompt;
import glimt.training.pictures.PictureAssessor.Wanted;
import glimt.training.pictures.PictureJudge.SeenPicture;
import java.util.List;
import java.util.Locale;

/**
 * The assessment of pictures, each of which has a caption; fractions of all pictures unless said
 * otherwise.
 *
 * @param subject those that show the right subject
 * @param background those that have the right background
 * @param both those that have both
 * @param newWords of those whose caption is in held-out words, the fraction that have both
 * @param edges the mean of {@link PictureJudge#edges}
 * @param moments the moments of the classifier's features
 */
record PictureAnswer(
    double subject,
    double background,
    double both,
    double newWords,
    double edges,
    Moments moments) {
  static PictureAnswer of(
      List<Prompt<Wanted>> prompts, List<float[]> pictures, PictureJudge judge) {
    List<SeenPicture> found = judge.judge(pictures);
    int count = pictures.size();
    int subject = 0;
    int background = 0;
    int both = 0;
    int held = 0;
    int heldBoth = 0;
    double edges = 0;
    for (int i = 0; i < count; i++) {
      Wanted wanted = prompts.get(i).wanted();
      boolean named = found.get(i).subject() == wanted.subject();
      boolean coloured = found.get(i).colour() == wanted.colour();
      subject += named ? 1 : 0;
      background += coloured ? 1 : 0;
      both += named && coloured ? 1 : 0;
      held += wanted.newWords() ? 1 : 0;
      heldBoth += wanted.newWords() && named && coloured ? 1 : 0;
      edges += PictureJudge.edges(pictures.get(i)) / count;
    }
    double[][] features = found.stream().map(SeenPicture::features).toArray(double[][]::new);
    return new PictureAnswer(
        (double) subject / count,
        (double) background / count,
        (double) both / count,
        held == 0 ? Double.NaN : (double) heldBoth / held,
        edges,
        Moments.of(features));
  }

  @Override
  public String toString() {
    return String.format(
        Locale.ROOT,
        "subject %.3f, background %.3f, both %.3f, in new words %.3f, edges %.4f",
        subject,
        background,
        both,
        newWords,
        edges);
  }
}
