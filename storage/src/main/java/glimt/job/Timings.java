package glimt.job;

/**
 * Where the seconds of an attempt went, as its worker measured them. Together they are the seconds
 * that the device had the task.
 *
 * @param load verifying and loading networks
 * @param encode encoding prompts, and what a walk begins with
 * @param denoise the walk
 * @param decode decoding latents, and making previews
 * @param write writing results and files
 * @param checkpoint copying and saving the state of the walk, as far as the device waited for it
 * @param waiting all else: reading inputs, and waiting for the thread
 */
public record Timings(
    double load,
    double encode,
    double denoise,
    double decode,
    double write,
    double checkpoint,
    double waiting) {}
