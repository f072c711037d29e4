// camera RECORDING <STREAM >CLIENT: forwards a stream to a client and, by tee(2), records it
// to a file, whatever becomes of the client.
#include <fcntl.h>
#include <zc/zc.hpp>

#include <csignal>
#include <iostream>

int main(int argc, char** argv) {
    if (argc != 2) return 2;
    std::signal(SIGPIPE, SIG_IGN);  // a client that leaves is no death of ours
    const zc::Fd file(::open(argv[1], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
    const auto stream = zc::look_at(zc::FdView(0), "stream");
    const auto client = zc::look_at(zc::FdView(1), "client");
    const auto recording = zc::look_at(file.view(), argv[1]);
    if (!stream || !client || !recording) {
        std::cerr << "camera: cannot open\n";
        return 1;
    }
    zc::Fanout fanout(*stream, {{*client}, {*recording}});
    const auto report = fanout.run();
    for (const zc::SinkReport& sink : report.sinks)
        if (sink.error)
            std::cerr << "camera: " << sink.label << ": " << zc::cause(*sink.error) << '\n';
    return report.error || report.sinks[1].error ? 1 : 0;
}
