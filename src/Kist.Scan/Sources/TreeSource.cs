using System.Text;

namespace Kist.Scan.Sources;

/// <summary>Files and folders as they are on disk.</summary>
/// <param name="asGit">Whether what git ignores is left out.</param>
public sealed class TreeSource(ScanContext context, bool asGit)
{
    /// <summary>Scans a file, or all that lies below a folder.</summary>
    public void Scan(string path)
    {
        if (Directory.Exists(path)) ScanFolder(path);
        else if (!File.Exists(path)) context.Tally.CannotRead(path, "there is no such file or folder");
        else new FileReader(context, context.Worker()).Scan(Encoding.UTF8.GetBytes(path), path, named: true);
    }

    private void ScanFolder(string path)
    {
        var root = path.Length > 1 ? path.TrimEnd('/') : path;
        var prefix = Encoding.UTF8.GetBytes(root is "/" ? "/" : root + "/");
        var shown = root == "." ? "" : root is "/" ? "/" : root + "/";
        WorkPool.Run(Batches(new TreeFiles(context, asGit).Below(root)), context.Threads, ahead: 64, () =>
        {
            var reader = new FileReader(context, context.Worker());
            var name = new byte[4096];
            return batch =>
            {
                foreach (var file in batch)
                {
                    if (prefix.Length + file.Length > name.Length) name = new byte[prefix.Length + file.Length];
                    prefix.CopyTo(name, 0);
                    file.CopyTo(name, prefix.Length);
                    var path = Encoding.UTF8.GetString(file);
                    if (context.Skips(path, shown + path)) context.Tally.PassOver();
                    else reader.Scan(name.AsSpan(0, prefix.Length + file.Length), shown + path, named: false);
                }
            };
        });
    }

    // Handing over one file at a time would cost more than scanning it.
    private static IEnumerable<List<byte[]>> Batches(IEnumerable<byte[]> files)
    {
        const int size = 24;
        var batch = new List<byte[]>(size);
        foreach (var file in files)
        {
            batch.Add(file);
            if (batch.Count < size) continue;
            yield return batch;
            batch = new List<byte[]>(size);
        }
        if (batch.Count > 0) yield return batch;
    }
}
