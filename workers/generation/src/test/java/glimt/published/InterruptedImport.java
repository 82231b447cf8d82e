package glimt.published;

import java.nio.file.Path;

/** A process that stops in the middle of an import, to be killed there. */
final class InterruptedImport {
  static final String HERE = "in the middle";

  private InterruptedImport() {}

  /**
   * @param args the published folder, and the folder of bundles
   */
  public static void main(String[] args) throws InterruptedException {
    PublishedFolder from = PublishedFolder.of(Path.of(args[0]), "");
    Path folder = BundleImport.unfinished(Path.of(args[1]));
    BundleDraft draft = new BundleDraft(folder, new Loras(java.util.List.of()));
    draft.network("unet", from, "unet", from.className("unet"));
    System.out.println(HERE);
    Thread.sleep(60_000);
  }
}
