namespace Kist.Agent.Logins;

/// <summary>Tells whether files have changed, by their times and sizes; links are followed, as Kubernetes needs.
/// </summary>
internal static class FileTraces
{
    /// <summary>A text that is another one after a change.</summary>
    public static string Of(IEnumerable<string> files) => string.Join('\n', files.Select(One));

    private static string One(string file)
    {
        try
        {
            var real = File.ResolveLinkTarget(file, returnFinalTarget: true)?.FullName ?? file;
            var info = new FileInfo(real);
            return info.Exists ? $"{real} {info.LastWriteTimeUtc.Ticks} {info.Length}" : "none";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "none";
        }
    }
}
