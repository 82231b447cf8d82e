package glimt.golden;

import com.fasterxml.jackson.databind.JsonNode;
import glimt.metrics.CloudDistance;
import glimt.metrics.CloudSets;
import glimt.metrics.Moments;
import glimt.metrics.Pictures;
import glimt.metrics.Scores;
import java.util.Arrays;
import java.util.Map;

/** Cases for metrics of arrays, in float64 only. */
final class Measures {
  private Measures() {}

  static void run(Settings config, JsonNode json, Replay replay) {
    String metric = config.text("metric");
    config.ignore("n", "m", "dim", "pairs", "points", "n_sample", "n_ref", "shape");
    switch (metric) {
      case "chamfer + EMD per pair" -> pairs(json, replay);
      case "frechet_distance" -> {
        config.only(Map.of("covariance", "unbiased (n-1), np.cov rowvar=False"));
        replay.result(moments(json, "feats1").frechet(moments(json, "feats2")));
      }
      case "frechet_distance of two given Gaussians" ->
          replay.result(
              new Moments(Tensor.numbers(json.get("mu1")), matrix(json, "cov1"))
                  .frechet(new Moments(Tensor.numbers(json.get("mu2")), matrix(json, "cov2"))));
      case "FVD Frechet part on given features" ->
          replay.result(moments(json, "feats_fake").frechet(moments(json, "feats_real")));
      case "inception_score" -> {
        config.ignore("classes");
        replay.result(Scores.inceptionScore(matrix(json, "probs"), config.integer("split_size")));
      }
      case "JSD of occupancy grids" -> {
        config.only(Map.of("in_sphere", true, "log_base", 2));
        replay.result(
            CloudSets.divergence(
                clouds(json, "samples"), clouds(json, "refs"), config.integer("resolution")));
      }
      case "KID: unbiased squared MMD, kernel (x.y/d+1)^3" ->
          replay.result(Scores.kernelDistance(matrix(json, "feats1"), matrix(json, "feats2")));
      case "COV, MMD, 1-NNA with CD and EMD" -> sets(json, replay);
      case "PSNR and SSIM" -> {
        config.only(Map.of("data_range", 1.0)).ignore("ssim");
        pictures(json, replay);
      }
      default -> throw config.unknown("metric");
    }
    config.close();
  }

  private static void pairs(JsonNode json, Replay replay) {
    double[][][] a = clouds(json, "a");
    double[][][] b = clouds(json, "b");
    double[] chamfer = OpenAi.each(a.length, i -> CloudDistance.chamfer(a[i], b[i]));
    double[] moved = OpenAi.each(a.length, i -> CloudDistance.earthMover(a[i], b[i]));
    double[] all = Arrays.copyOf(chamfer, 2 * a.length);
    System.arraycopy(moved, 0, all, a.length, a.length);
    replay.result(all);
  }

  private static void sets(JsonNode json, Replay replay) {
    double[][][] made = clouds(json, "samples");
    double[][][] real = clouds(json, "refs");
    CloudSets chamfer = new CloudSets(made, real, CloudDistance::chamfer);
    CloudSets moved = new CloudSets(made, real, CloudDistance::earthMover);
    replay.result(
        chamfer.minimumMatching(),
        chamfer.coverage(),
        chamfer.minimumMatchingOfMade(),
        moved.minimumMatching(),
        moved.coverage(),
        moved.minimumMatchingOfMade(),
        chamfer.realAccuracy(),
        chamfer.madeAccuracy(),
        chamfer.nearestNeighbourAccuracy(),
        moved.realAccuracy(),
        moved.madeAccuracy(),
        moved.nearestNeighbourAccuracy());
  }

  /** PSNR and SSIM of each frame, averaged over the batch, SSIM also over channels. */
  private static void pictures(JsonNode json, Replay replay) {
    Tensor a = Tensor.of(json.get("video1"));
    Tensor b = Tensor.of(json.get("video2"));
    long[] shape = a.shape().getShape();
    int frames = (int) shape[1];
    int channels = (int) shape[2];
    int height = (int) shape[3];
    int width = (int) shape[4];
    double[] all = new double[2 * frames];
    for (int n = 0; n < shape[0]; n++) {
      for (int f = 0; f < frames; f++) {
        int size = channels * height * width;
        int from = (n * frames + f) * size;
        double[] x = Arrays.copyOfRange(a.data(), from, from + size);
        double[] y = Arrays.copyOfRange(b.data(), from, from + size);
        all[f] += Pictures.psnr(x, y) / shape[0];
        for (int c = 0; c < channels; c++) {
          int plane = c * height * width;
          all[frames + f] +=
              Pictures.ssim(
                      Arrays.copyOfRange(x, plane, plane + height * width),
                      Arrays.copyOfRange(y, plane, plane + height * width),
                      height,
                      width)
                  / channels
                  / shape[0];
        }
      }
    }
    replay.result(all);
  }

  private static Moments moments(JsonNode json, String key) {
    return Moments.of(matrix(json, key));
  }

  private static double[][] matrix(JsonNode json, String key) {
    Tensor tensor = Tensor.of(json.get(key));
    int columns = (int) tensor.shape().get(1);
    double[][] rows = new double[(int) tensor.shape().get(0)][];
    Arrays.setAll(rows, i -> Arrays.copyOfRange(tensor.data(), i * columns, (i + 1) * columns));
    return rows;
  }

  private static double[][][] clouds(JsonNode json, String key) {
    Tensor tensor = Tensor.of(json.get(key));
    int points = (int) tensor.shape().get(1);
    double[][][] clouds = new double[(int) tensor.shape().get(0)][points][];
    for (int i = 0; i < clouds.length; i++) {
      for (int p = 0; p < points; p++) {
        int from = (i * points + p) * 3;
        clouds[i][p] = Arrays.copyOfRange(tensor.data(), from, from + 3);
      }
    }
    return clouds;
  }
}
