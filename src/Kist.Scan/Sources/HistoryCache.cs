using System.Text.Json;

namespace Kist.Scan.Sources;

/// <summary>What a finished scan of a history knows.</summary>
internal sealed class HistoryState
{
    private readonly List<(BlobPath Blob, string Secret)> _found = [];

    public HistoryState(HashSet<string> tips, FoundBlobs found, IReadOnlyList<Introduction> introductions, Tally tally)
    {
        (Tips, Key, Introductions) = (tips, found.Key, introductions);
        (Files, Bytes, Commits, PassedOver) = (tally.Files, tally.Bytes, tally.Commits, tally.PassedOver);
        foreach (var (blob, secrets) in found.Secrets)
            foreach (var secret in secrets) _found.Add((new BlobPath(blob, found.PathOf(blob)), secret));
    }

    private HistoryState(byte[] key, HashSet<string> tips, List<Introduction> introductions, long[] counts)
    {
        (Key, Tips, Introductions) = (key, tips, introductions);
        (Files, Bytes, Commits, PassedOver) = (counts[0], counts[1], counts[2], counts[3]);
    }

    public byte[] Key { get; }
    public HashSet<string> Tips { get; }
    public IReadOnlyList<Introduction> Introductions { get; }
    private long Files { get; }
    private long Bytes { get; }
    private long Commits { get; }
    private long PassedOver { get; }

    /// <summary>Counts and findings go where a scan would have put them.</summary>
    public void Restore(FoundBlobs found, Tally tally)
    {
        foreach (var (blob, secret) in _found) found.Add(blob, secret);
        tally.AddFiles(Files);
        tally.AddBytes(Bytes);
        tally.AddCommits(Commits);
        tally.PassOver(PassedOver);
    }

    public void Write(Utf8JsonWriter json, string version)
    {
        json.WriteStartObject();
        json.WriteString("version", version);
        json.WriteBase64String("key", Key);
        json.WriteStartArray("counts");
        foreach (var count in (ReadOnlySpan<long>)[Files, Bytes, Commits, PassedOver]) json.WriteNumberValue(count);
        json.WriteEndArray();
        json.WriteStartArray("tips");
        foreach (var tip in Tips) json.WriteStringValue(tip);
        json.WriteEndArray();
        json.WriteStartArray("found");
        foreach (var (blob, secret) in _found) WriteStrings(json, blob.Id.ToString(), blob.Path, secret);
        json.WriteEndArray();
        json.WriteStartArray("introductions");
        foreach (var (secret, change) in Introductions)
            WriteStrings(json, secret, change.Path, change.Content.ToString(), change.Before.ToString(),
                change.Commit.Id, change.Commit.Author, change.Commit.Email, change.Commit.Date.ToString("O"),
                change.Commit.Message);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    public static HistoryState? Read(JsonElement root, string version)
    {
        if (root.GetProperty("version").GetString() != version) return null;
        var tips = new HashSet<string>(StringComparer.Ordinal);
        foreach (var tip in root.GetProperty("tips").EnumerateArray()) tips.Add(tip.GetString()!);
        var introductions = new List<Introduction>();
        foreach (var row in root.GetProperty("introductions").EnumerateArray())
        {
            var commit = new Commit(Text(row, 4), Text(row, 5), Text(row, 6),
                DateTimeOffset.ParseExact(Text(row, 7), "O", null), Text(row, 8));
            introductions.Add(new Introduction(Text(row, 0), new Change(commit, Text(row, 1), Id(row, 2), Id(row, 3))));
        }
        long[] counts = [.. root.GetProperty("counts").EnumerateArray().Select(count => count.GetInt64())];
        var state = new HistoryState(root.GetProperty("key").GetBytesFromBase64(), tips, introductions, counts);
        foreach (var row in root.GetProperty("found").EnumerateArray())
            state._found.Add((new BlobPath(Id(row, 0), Text(row, 1)), Text(row, 2)));
        return state;
    }

    private static void WriteStrings(Utf8JsonWriter json, params ReadOnlySpan<string> values)
    {
        json.WriteStartArray();
        foreach (var value in values) json.WriteStringValue(value);
        json.WriteEndArray();
    }

    private static string Text(JsonElement row, int at) => row[at].GetString()!;

    private static ObjectId Id(JsonElement row, int at) =>
        ObjectId.TryParse(System.Text.Encoding.ASCII.GetBytes(Text(row, at)), out var id) ? id : default;
}

/// <summary>
/// Keeps between scans which history was scanned with which rules, and where something was found: object names and
/// keyed hashes, never a secret. It lies in the repository's own folder, which git does not share.
/// </summary>
/// <param name="version">Stands for everything that decides what is found: rules and settings.</param>
public sealed class HistoryCache(Repository repository, string version)
{
    private const long MaxBytes = 64 << 20;
    private string File => Path.Combine(repository.CommonDirectory, "kist", "scan-history.json");

    internal HistoryState? Load()
    {
        try
        {
            var file = new FileInfo(File);
            if (!file.Exists || file.Length > MaxBytes) return null;
            using var stream = file.OpenRead();
            using var document = JsonDocument.Parse(stream);
            return HistoryState.Read(document.RootElement, version);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException
            or InvalidOperationException or KeyNotFoundException or FormatException or IndexOutOfRangeException)
        {
            return null; // it only saves time: without it all is scanned
        }
    }

    internal void Save(HistoryState state)
    {
        var beside = $"{File}.{Environment.ProcessId}";
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(File)!);
            var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            using (var stream = new FileStream(beside, options))
            using (var json = new Utf8JsonWriter(stream)) state.Write(json, version);
            System.IO.File.Move(beside, File, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            System.IO.File.Delete(beside); // a repository that may only be read is scanned in full each time
        }
    }
}
