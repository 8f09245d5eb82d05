using System.Globalization;
using System.Text.Json;
using Kist.Cli.Hooks;
using Kist.Cli.Output;
using Kist.Cli.Scanning;
using Kist.Scan;
using Kist.Scan.Ignores;
using Kist.Scan.Sources;
using Kist.Secrets;

namespace Kist.Cli.Doctor;

/// <summary>Looks at a repository and says what to do next.</summary>
internal sealed class DoctorRun
{
    private const int ShownNames = 5;

    private static readonly string[] s_steps =
    [
        "secrets lie open", "secrets come from the environment", "secrets are in encrypted files",
        "secrets come from a server",
    ];

    private readonly List<Check> _checks = [];
    private readonly List<string> _unread = [];
    private readonly string _root;
    private readonly Repository? _repository;

    private DoctorRun(string root, Repository? repository) => (_root, _repository) = (root, repository);

    public static int Run(Session session, string path, bool history)
    {
        if (!Directory.Exists(path))
            return session.Fail(new Problem($"there is no folder {path}", "kist doctor PATH", ScanRun.Incomplete));
        try
        {
            var top = Repository.TopOf(path);
            var run = new DoctorRun(top ?? Path.GetFullPath(path), top is null ? null : Repository.Open(top));
            using var env = EnvFiles.Read(run._root);
            run._unread.AddRange(env.Unread);
            run.CheckHook();
            run.CheckEnvFiles(env);
            if (run.CheckContents(history) is { } wrong) return session.Fail(wrong);
            var step = run.StepOf(env);
            run.AddNext(step, env);
            if (session.Json) run.WriteJson(session, step);
            else run.Show(session, step);
            if (run._unread.Count > 0) return ScanRun.Incomplete;
            return run._checks.Exists(check => !check.Ok) ? 1 : 0;
        }
        catch (GitException e)
        {
            return session.Fail(new Problem(e.Message.Replace("fatal: ", ""), null, ScanRun.Incomplete));
        }
    }

    private void Good(string id, int step, string text) => _checks.Add(new Check(id, step, true, text));

    private void Bad(string id, int step, string text, string fix) =>
        _checks.Add(new Check(id, step, false, text, fix));

    private void CheckHook()
    {
        if (_repository is null) Bad("git", 0, "this folder is in no git repository: nobody sees what changes",
            "git init");
        else if (HookInstall.IsInstalled(_repository, _repository.HooksFolder()))
            Good("hook", 0, "a hook refuses commits that hold secrets");
        else Bad("hook", 0, "no hook refuses commits that hold secrets", "kist hook install");
    }

    private void CheckEnvFiles(EnvFiles env)
    {
        var committed = _repository?.Tracked().Where(EnvFiles.IsEnv).ToList() ?? [];
        var plain = env.Plain.ToList();
        var open = plain.Where(path => _repository is not null && !committed.Contains(path)
            && !_repository.Ignores(path)).ToList();
        var leaked = committed.Where(plain.Contains).ToList();
        if (leaked.Count > 0)
            Bad("env-committed", 0,
                $"{Names(leaked)} committed with values in the clear: rotate them, everybody has them",
                $"git rm --cached {Arguments(leaked)} && echo '{leaked[0]}' >> .gitignore");
        if (open.Count > 0)
            Bad("env-not-ignored", 0, $"{Names(open)} not ignored: the next git add takes them",
                $"printf '%s\\n' {Arguments(open)} >> .gitignore");
        if (leaked.Count + open.Count == 0) Good("env-files", 0, "no .env file with values is in git's reach");
        var shared = env.Shared().ToList();
        foreach (var (name, first, second) in shared.Take(ShownNames))
            Bad("env-shared", 1, $"{name} has the same value in {first} and {second}: who has one has both",
                $"make a new one for {second}, and keep environments apart: kist put {second.Trim('.')}/app {name}=-");
        if (shared.Count > ShownNames)
            Bad("env-shared", 1, $"{shared.Count - ShownNames} more values are shared between environments",
                "as above");
    }

    private Problem? CheckContents(bool history)
    {
        var request = new ScanRequest();
        if (ScannerSetup.Make(request, _root, null, out var scanner) is { } wrong) return wrong;
        var ignores = IgnoreSet.Load(_root, [], null,
            DateOnly.FromDateTime(TimeProvider.System.GetUtcNow().UtcDateTime),
                ScannerSetup.RuleNames(scanner));
        if (ignores.Problem is { } broken) return new Problem(broken, "correct the file", ScanRun.Incomplete);
        var tally = new Tally();
        var hits = new Hits();
        var context = new ScanContext(scanner, new ScanLimits(), tally, hits, Environment.ProcessorCount)
        {
            Excludes = ignores.Allowed.Exclude.Count == 0 ? null : path => ignores.Excludes(ignores.FromTop(path)),
        };
        new TreeSource(context, asGit: true).Scan(_root);
        var found = hits.Sorted().FindAll(hit => ignores.Reason(hit) is null && hit.Finding.Severity > Severity.Info
            && !EnvFiles.IsEnv(hit.Path));
        Report(found.FindAll(IsImage), "image-values", "value", "in files that images are built from", ignores,
            "take them out, and pass them when the image runs: docker run --env-file, or a build secret");
        Report(found.FindAll(IsPipeline), "pipeline-values", "value", "in files of the build pipeline", ignores,
            "kist scan --fix, or the pipeline's own secret store");
        Report(found.FindAll(hit => !IsImage(hit) && !IsPipeline(hit)), "values", "secret", "in files", ignores,
            "kist scan --fix");
        if (found.Count == 0) Good("values", 0, $"no secret in {tally.Files} files");
        if (history && _repository is not null) CheckHistory(context with { Excludes = null }, ignores);
        foreach (var unread in tally.Unread) _unread.Add($"{unread.Path}: {unread.Reason}");
        return null;
    }

    private void CheckHistory(ScanContext context, IgnoreSet ignores)
    {
        var hits = new Hits();
        new HistorySource(context with { Hits = hits }, _repository!,
            new HistoryCache(_repository!, ScannerSetup.Version(new ScanRequest(), _root))).ScanAll();
        var found = hits.Sorted().FindAll(hit => ignores.Reason(hit) is null && hit.Finding.Severity > Severity.Info);
        Report(found, "history", "secret", "in commits", ignores,
            "kist scan --history shows them: rotate each, then kist scan --history --write-baseline");
        if (found.Count == 0) Good("history", 0, "no secret in any commit");
    }

    private void Report(List<Hit> hits, string id, string what, string where, IgnoreSet ignores, string fix)
    {
        if (hits.Count == 0) return;
        var places = hits.Select(hit => $"{ignores.FromTop(hit)}:{hit.Finding.StartLine}").Distinct().ToList();
        var stand = hits.Count == 1 ? $"1 {what} stands" : $"{hits.Count} {what}s stand";
        Bad(id, 0, $"{stand} {where}: {Names(places)}", fix);
    }

    private static bool IsImage(Hit hit)
    {
        var name = Path.GetFileName(hit.Path);
        return name.Contains("Dockerfile", StringComparison.OrdinalIgnoreCase)
            || name.Contains("Containerfile", StringComparison.OrdinalIgnoreCase)
            || (name.Contains("compose", StringComparison.OrdinalIgnoreCase)
                && Path.GetExtension(name) is ".yml" or ".yaml");
    }

    private static bool IsPipeline(Hit hit) =>
        hit.Path.Contains(".github/workflows/", StringComparison.Ordinal)
        || hit.Path.Contains(".circleci/", StringComparison.Ordinal)
        || Path.GetFileName(hit.Path) is ".gitlab-ci.yml" or "Jenkinsfile" or "azure-pipelines.yml" or ".travis.yml"
            or "bitbucket-pipelines.yml" or ".drone.yml" or "cloudbuild.yaml" or "appveyor.yml";

    private int StepOf(EnvFiles env)
    {
        if (_checks.Exists(check => check is { Ok: false, Step: 0 })) return 0;
        if (env.Plain.Any()) return 1;
        if (env.References > 0) return 3;
        return HasEncryptedFiles() ? 2 : 1;
    }

    private bool HasEncryptedFiles() => File.Exists(Path.Combine(_root, ".sops.yaml"))
        || _repository?.Tracked("*.age", "*.enc.yaml", "*.enc.yml", "*.enc.json", "*.enc.env", "*.sops.*").Count > 0;

    private void AddNext(int step, EnvFiles env)
    {
        if (step == 1 && env.Plain.Any())
            Bad("plain-files", 1, $"values lie in the clear on this disk: {Names([.. env.Plain])}",
                "kist put prod/app NAME=-, then NAME=kist://prod/app#NAME in the file");
    }

    private static string Names(List<string> names) => string.Join(", ", names.Take(ShownNames).Select(
        Kist.Scan.Reports.TableReport.Shown)) + (names.Count > ShownNames ? $" and {names.Count - ShownNames} more"
            : "");

    private static string Arguments(List<string> names) =>
        string.Join(' ', names.Select(name => name.All(c => char.IsAsciiLetterOrDigit(c)
            || c is '.' or '/' or '-' or '_')
            ? name : "'" + name.Replace("'", "'\\''") + "'"));

    private void Show(Session session, int step)
    {
        session.Screen.Heading(string.Create(CultureInfo.InvariantCulture, $"Step {step} of 3: {s_steps[step]}"));
        foreach (var check in _checks.OrderBy(check => check.Ok).ThenBy(check => check.Step))
        {
            session.Screen.Line($"{(check.Ok ? "  ok  " : "  to do  ")}{check.Text}");
            if (check.Fix is not null) session.Screen.Line($"         {check.Fix}");
        }
        foreach (var unread in _unread) session.Screen.Warn($"could not be looked at: {unread}");
        if (!_checks.Exists(check => check.Id == "history"))
            session.Screen.Remark("Commits were not looked through: kist doctor --history");
        if (step < 3 && !_checks.Exists(check => !check.Ok))
            session.Screen.Remark($"Next step: {s_steps[step + 1]}");
    }

    private void WriteJson(Session session, int step)
    {
        using var text = new SecretWriter(4096);
        using (var json = new Utf8JsonWriter(text, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteNumber("step", step);
            json.WriteString("name", s_steps[step]);
            json.WriteStartArray("checks");
            foreach (var check in _checks)
            {
                json.WriteStartObject();
                json.WriteString("id", check.Id);
                json.WriteNumber("step", check.Step);
                json.WriteBoolean("ok", check.Ok);
                json.WriteString("text", check.Text);
                if (check.Fix is not null) json.WriteString("fix", check.Fix);
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteStartArray("unread");
            foreach (var unread in _unread) json.WriteStringValue(unread);
            json.WriteEndArray();
            json.WriteEndObject();
        }
        text.Write("\n"u8);
        session.Screen.Write(text.WrittenSpan);
    }
}
