package glimt.training.objects;

import glimt.metrics.CloudSets;
import glimt.metrics.Surface;
import glimt.training.objects.RealObjects.Nearest;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;

/**
 * The measurements of a list of clouds, which consists of consecutive sets of the size of the
 * held-out set.
 *
 * @param right the fraction of clouds of the right class
 * @param sets the comparison with the held-out set
 * @param roughness the mean local roughness of surfaces
 * @param speckle the mean local variation of colours
 * @param diversity the distance between clouds of a prompt relative to real objects
 * @param away the mean distance to the nearest training object
 * @param nearest the nearest training object of each cloud
 * @param specimens the clouds
 */
record Measured(
    double right,
    Sets sets,
    double roughness,
    double speckle,
    double diversity,
    double away,
    List<Nearest> nearest,
    List<Specimen> specimens) {

  /**
   * Measurements of real objects: set figures of training objects, all other figures of held-out
   * objects.
   */
  Measured ofHeldOut(Measured held) {
    return new Measured(
        held.right, sets, held.roughness, held.speckle, 1, held.away, held.nearest, specimens);
  }

  /** Measurements that consist of the classification only, if real objects are not available. */
  static Measured named(double right, List<Specimen> specimens) {
    Sets unknown = new Sets(Double.NaN, Double.NaN, Double.NaN);
    return new Measured(
        right, unknown, Double.NaN, Double.NaN, Double.NaN, Double.NaN, List.of(), specimens);
  }

  @Override
  public String toString() {
    return String.format(Locale.ROOT, "%s clouds: class %.1f %%", specimens.size(), 100 * right);
  }

  static Measured of(
      ObjectJudge judge,
      List<Specimen> clouds,
      List<Specimen> held,
      Function<Specimen, Nearest> nearestOf,
      Map<String, List<Specimen>> prompts) {
    List<Surface> surfaces =
        clouds.parallelStream().map(cloud -> Surface.of(cloud.dense())).toList();
    List<Nearest> nearest = clouds.parallelStream().map(nearestOf).toList();
    return new Measured(
        judge.right(clouds),
        sets(clouds, held),
        mean(surfaces, Surface::roughness),
        mean(surfaces, Surface::speckle),
        diversity(clouds, prompts),
        mean(nearest, Nearest::distance),
        nearest,
        clouds);
  }

  /** Averages over sets: nearest-neighbour accuracy, coverage and minimum matching distance. */
  record Sets(double nna, double coverage, double matching) {}

  private static Sets sets(List<Specimen> clouds, List<Specimen> held) {
    double[][] realToReal = RealObjects.distances(held);
    int sets = clouds.size() / held.size();
    double nna = 0;
    double coverage = 0;
    double matching = 0;
    for (int set = 0; set < sets; set++) {
      List<Specimen> own = clouds.subList(set * held.size(), (set + 1) * held.size());
      CloudSets compared =
          new CloudSets(RealObjects.distances(held, own), realToReal, RealObjects.distances(own));
      nna += compared.nearestNeighbourAccuracy() / sets;
      coverage += compared.coverage() / sets;
      matching += compared.minimumMatching() / sets;
    }
    return new Sets(nna, coverage, matching);
  }

  /**
   * The mean distance between two clouds of the same prompt, divided by that between two real
   * objects of the prompt, both averaged over prompts.
   */
  private static double diversity(List<Specimen> clouds, Map<String, List<Specimen>> prompts) {
    Map<String, List<Specimen>> own =
        clouds.stream()
            .collect(Collectors.groupingBy(Specimen::prompt, TreeMap::new, Collectors.toList()));
    double made = 0;
    double real = 0;
    for (var group : own.entrySet()) {
      List<Specimen> objects = prompts.get(group.getKey());
      if (objects != null && group.getValue().size() > 1) {
        made += spread(group.getValue());
        real += spread(objects);
      }
    }
    return made / real;
  }

  private static double spread(List<Specimen> clouds) {
    double[][] all = RealObjects.distances(clouds);
    double sum = 0;
    for (double[] row : all) {
      for (double distance : row) {
        sum += distance;
      }
    }
    return sum / (clouds.size() * (clouds.size() - 1.0));
  }

  static <T> double mean(List<T> all, ToDoubleFunction<T> of) {
    return all.stream().mapToDouble(of).average().orElseThrow();
  }
}
