using System.Globalization;
using System.Text.Json;
using System.Text.Unicode;
using Kist.Cli.Files;
using Kist.Cli.Output;
using Kist.Formats.Dotenv;
using Kist.Secrets;

namespace Kist.Cli.Running;

/// <summary>
/// Hands secrets to a program without its environment: what is in <c>/proc/PID/environ</c> is read by everything else
/// of the same user, inherited by every child, and shown by crash reporters.
/// </summary>
internal sealed class SecretDelivery : IDisposable
{
    /// <summary>The variable that names the file of all secrets.</summary>
    public const string Variable = "KIST_SECRETS_FILE";

    private const uint Sealable = 2;                   // MFD_ALLOW_SEALING
    private const int AddSeals = 1033, AllSeals = 15;  // F_ADD_SEALS: no more seals, sizes and writes
    private readonly RunRequest _request;
    private readonly List<int> _descriptors = [];
    private readonly List<SecretWriter> _texts = [];
    private PrivateFolder? _folder;

    private SecretDelivery(RunRequest request) => _request = request;

    /// <summary>What the program's standard input is.</summary>
    public int Input { get; private set; } = ChildStreams.Inherited;

    /// <summary>The words of the program, with <c>{}</c> replaced by the file's path.</summary>
    public IReadOnlyList<string> Program { get; private set; } = [];

    /// <summary>Whether this process must stay for as long as the program runs.</summary>
    public bool NeedsUs => _folder is not null;

    /// <summary>Takes the secrets out of the plan and puts what leads to them in their place.</summary>
    public static Problem? Make(RunRequest request, EnvironmentPlan plan, out SecretDelivery delivery)
    {
        delivery = new SecretDelivery(request) { Program = request.Program };
        if (request.Delivery == Delivery.Environment) return null;
        var secrets = plan.TakeSecrets();
        try
        {
            return request.IsEach ? delivery.Each(secrets, plan) : delivery.All(secrets, plan);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new Problem($"the secrets cannot be handed over: {e.Message.TrimEnd('.')}");
        }
    }

    /// <summary>Replaces the content of the files by what the values are now.</summary>
    public void Renew(EnvironmentPlan plan)
    {
        var secrets = plan.TakeSecrets();
        if (_folder is null || _request.Delivery != Delivery.File) return;
        if (_request.IsEach)
            foreach (var secret in secrets) Write(Path.Combine(_folder.Path, secret.Name), secret.Value.Span);
        else
        {
            using var document = Document(secrets, out _);
            Write(Path.Combine(_folder.Path, FileName), document.WrittenSpan);
        }
    }

    /// <summary>Removes what was made.</summary>
    public void Dispose()
    {
        foreach (var descriptor in _descriptors) Native.Close(descriptor);
        _folder?.Dispose();
        foreach (var text in _texts) text.Dispose();
    }

    private string FileName => _request.IsJson ? "secrets.json" : "secrets.env";

    private Problem? All(IReadOnlyList<EnvironmentPlan.Variable> secrets, EnvironmentPlan plan)
    {
        var document = Document(secrets, out var unfit);
        _texts.Add(document);
        if (unfit is not null) return unfit;
        if (_request.Delivery == Delivery.Input)
        {
            Input = Memory(document.WrittenSpan);
            return null;
        }
        var path = Offer(FileName, document);
        plan.AddPlace(Variable, path);
        Program = [.. _request.Program.Select(word => word.Replace("{}", path, StringComparison.Ordinal))];
        return null;
    }

    private Problem? Each(IReadOnlyList<EnvironmentPlan.Variable> secrets, EnvironmentPlan plan)
    {
        foreach (var secret in secrets)
        {
            var text = new SecretWriter(secret.Value.Length + 1);
            _texts.Add(text);
            text.Write(secret.Value.Span);
            var path = Offer(secret.Name, text);
            plan.AddPlace(secret.Name + "_FILE", path);
        }
        return null;
    }

    private string Offer(string name, SecretWriter text)
    {
        if (_request.Delivery == Delivery.Memory)
            return "/proc/self/fd/" + Memory(text.WrittenSpan).ToString(CultureInfo.InvariantCulture);
        _folder ??= PrivateFolder.Create(InMemory());
        var path = Path.Combine(_folder.Path, name);
        if (_request.Delivery == Delivery.Pipe) NamedPipe.Serve(path, text.WrittenMemory);
        else Write(path, text.WrittenSpan);
        return path;
    }

    /// <summary>A file without a name, which nobody can change any more. It is inherited by the program.</summary>
    private unsafe int Memory(ReadOnlySpan<byte> text)
    {
        int descriptor;
        fixed (byte* name = "kist-secrets\0"u8) descriptor = Native.MemoryFile(name, Sealable);
        if (descriptor < 0) throw new IOException("the system has no files in memory");
        _descriptors.Add(descriptor);
        if (!Pump.Write(descriptor, text)) throw new IOException("there is no memory for it");
        Native.Control(descriptor, AddSeals, AllSeals);
        Native.Seek(descriptor, 0, 0);
        return descriptor;
    }

    private static string? InMemory()
    {
        foreach (var folder in (ReadOnlySpan<string?>)
            [Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR"), "/dev/shm"])
            if (folder is not null && Directory.Exists(folder) && IsTmpfs(folder)) return folder;
        return null;
    }

    private static bool IsTmpfs(string folder)
    {
        try
        {
            return new DriveInfo(folder).DriveFormat == "tmpfs";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return false;
        }
    }

    // Whoever reads it has the old text or the new one, never a part.
    private static void Write(string path, ReadOnlySpan<byte> text)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, BufferSize = 0 };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using (var file = new FileStream(path + ".new", options)) file.Write(text);
        File.Move(path + ".new", path, overwrite: true);
    }

    private SecretWriter Document(IReadOnlyList<EnvironmentPlan.Variable> secrets, out Problem? unfit)
    {
        unfit = null;
        var text = new SecretWriter(1024);
        if (!_request.IsJson)
        {
            foreach (var secret in secrets)
                if (!DotenvFile.TryWrite(secret.Name, secret.Value.Span, text))
                    unfit ??= new Problem($"{secret.Name} cannot stand in a .env file", "--format json");
            return text;
        }
        using (var json = new Utf8JsonWriter(text))
        {
            json.WriteStartObject();
            foreach (var secret in secrets)
            {
                if (Utf8.IsValid(secret.Value.Span)) json.WriteString(secret.Name, secret.Value.Span);
                else unfit ??= new Problem($"the value of {secret.Name} is not UTF-8 text", "--format dotenv");
            }
            json.WriteEndObject();
        }
        text.Write("\n"u8);
        return text;
    }
}
