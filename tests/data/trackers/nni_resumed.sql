BEGIN TRANSACTION;
CREATE TABLE ExperimentProfile (
    params text,
    id text,
    execDuration integer,
    startTime integer,
    endTime integer,
    logDir text,
    nextSequenceId integer,
    revision integer);
INSERT INTO "ExperimentProfile" VALUES('{"experimentName":"resumed","experimentType":"hpo","searchSpace":{"lr":{"_type":"loguniform","_value":[0.0001,0.1]},"opt":{"_type":"choice","_value":["sgd","adam"]},"q":{"_type":"quniform","_value":[0,1,0.25]}},"trialCommand":"python /home/me/trial2.py","trialCodeDirectory":"/home/me/code","trialConcurrency":2,"maxTrialNumber":6,"useAnnotation":false,"debug":false,"logLevel":"info","experimentWorkingDirectory":"/home/me/nni-experiments","tuner":{"name":"TPE","classArgs":{"optimize_mode":"minimize"}},"trainingService":{"platform":"local","trialCommand":"python /home/me/trial2.py","trialCodeDirectory":"/home/me/code","debug":false,"maxTrialNumberPerGpu":1,"reuseMode":false}}','wquvs6bj',67,1795397262282,1795397352756,'/home/me/nni-experiments/wquvs6bj',8,19);
CREATE TABLE MetricData (timestamp integer, trialJobId text, parameterId text, type text, sequence integer, data text);
INSERT INTO "MetricData" VALUES(1795397286367,'VRcDN','0','PERIODICAL',0,'"{\"default\": 1.2386419258129588, \"acc\": 0}"');
INSERT INTO "MetricData" VALUES(1795397287618,'VRcDN','0','PERIODICAL',1,'"{\"default\": 0.7386419258129588, \"acc\": 1}"');
INSERT INTO "MetricData" VALUES(1795397288892,'VRcDN','0','PERIODICAL',2,'"{\"default\": 0.5719752591462921, \"acc\": 2}"');
INSERT INTO "MetricData" VALUES(1795397290114,'VRcDN','0','FINAL',0,'"{\"default\": 0.5386419258129588, \"acc\": 2}"');
INSERT INTO "MetricData" VALUES(1795397293462,'qmSqq','2','PERIODICAL',0,'"{\"default\": 1.0301102742742292, \"acc\": 0}"');
INSERT INTO "MetricData" VALUES(1795397294684,'qmSqq','2','PERIODICAL',1,'"{\"default\": 0.5301102742742292, \"acc\": 1}"');
INSERT INTO "MetricData" VALUES(1795397326932,'qmSqq','2','PERIODICAL',0,'"{\"default\": 1.0301102742742292, \"acc\": 0}"');
INSERT INTO "MetricData" VALUES(1795397327636,'zzPcq','3','PERIODICAL',0,'"{\"default\": 1.6036479915512905, \"acc\": 0}"');
INSERT INTO "MetricData" VALUES(1795397328149,'qmSqq','2','PERIODICAL',1,'"{\"default\": 0.5301102742742292, \"acc\": 1}"');
INSERT INTO "MetricData" VALUES(1795397328867,'zzPcq','3','PERIODICAL',1,'"{\"default\": 1.1036479915512905, \"acc\": 1}"');
INSERT INTO "MetricData" VALUES(1795397329361,'qmSqq','2','PERIODICAL',2,'"{\"default\": 0.36344360760756245, \"acc\": 2}"');
INSERT INTO "MetricData" VALUES(1795397330076,'zzPcq','3','PERIODICAL',2,'"{\"default\": 0.9369813248846237, \"acc\": 2}"');
INSERT INTO "MetricData" VALUES(1795397330566,'qmSqq','2','FINAL',0,'"{\"default\": 0.3301102742742291, \"acc\": 2}"');
INSERT INTO "MetricData" VALUES(1795397331304,'zzPcq','3','FINAL',0,'"{\"default\": 0.9036479915512903, \"acc\": 2}"');
INSERT INTO "MetricData" VALUES(1795397344957,'EwP9S','4','PERIODICAL',0,'"{\"default\": 1.0180675078173975, \"acc\": 0}"');
INSERT INTO "MetricData" VALUES(1795397345246,'HMadc','5','PERIODICAL',0,'"{\"default\": 1.0019230244888881, \"acc\": 0}"');
INSERT INTO "MetricData" VALUES(1795397346200,'EwP9S','4','PERIODICAL',1,'"{\"default\": 0.5180675078173975, \"acc\": 1}"');
INSERT INTO "MetricData" VALUES(1795397346460,'HMadc','5','PERIODICAL',1,'"{\"default\": 0.501923024488888, \"acc\": 1}"');
INSERT INTO "MetricData" VALUES(1795397347411,'EwP9S','4','PERIODICAL',2,'"{\"default\": 0.3514008411507309, \"acc\": 2}"');
INSERT INTO "MetricData" VALUES(1795397347688,'HMadc','5','PERIODICAL',2,'"{\"default\": 0.33525635782222135, \"acc\": 2}"');
INSERT INTO "MetricData" VALUES(1795397348622,'EwP9S','4','FINAL',0,'"{\"default\": 0.31806750781739757, \"acc\": 2}"');
INSERT INTO "MetricData" VALUES(1795397348908,'HMadc','5','FINAL',0,'"{\"default\": 0.301923024488888, \"acc\": 2}"');
CREATE TABLE TrialJobEvent (
    timestamp integer,
    trialJobId text,
    event text,
    data text,
    logPath text,
    sequenceId integer,
    message text,
    environmentId text);
INSERT INTO "TrialJobEvent" VALUES(1795397276710,'VRcDN','RUNNING','{"parameter_id": 0, "parameter_source": "algorithm", "parameters": {"lr": 0.02386419258129588, "opt": "sgd", "q": 0.75}, "parameter_index": 0}','/home/me/nni-experiments/wquvs6bj/environments/local-env/trials/VRcDN',0,NULL,'local-env');
INSERT INTO "TrialJobEvent" VALUES(1795397276780,'Cg2fM','RUNNING','{"parameter_id": 1, "parameter_source": "algorithm", "parameters": {"lr": 0.0005590903483457251, "opt": "sgd", "q": 0.25}, "parameter_index": 0}','/home/me/nni-experiments/wquvs6bj/environments/local-env/trials/Cg2fM',1,NULL,'local-env');
INSERT INTO "TrialJobEvent" VALUES(1795397287821,'Cg2fM','FAILED',NULL,'/home/me/nni-experiments/wquvs6bj/environments/local-env/trials/Cg2fM',1,NULL,'local-env');
INSERT INTO "TrialJobEvent" VALUES(1795397288699,'qmSqq','RUNNING','{"parameter_id": 2, "parameter_source": "algorithm", "parameters": {"lr": 0.003011027427422914, "opt": "adam", "q": 1.0}, "parameter_index": 0}','/home/me/nni-experiments/wquvs6bj/environments/local-env/trials/qmSqq',2,NULL,'local-env');
INSERT INTO "TrialJobEvent" VALUES(1795397292476,'VRcDN','SUCCEEDED',NULL,'/home/me/nni-experiments/wquvs6bj/environments/local-env/trials/VRcDN',0,NULL,'local-env');
INSERT INTO "TrialJobEvent" VALUES(1795397293427,'zzPcq','RUNNING','{"parameter_id": 3, "parameter_source": "algorithm", "parameters": {"lr": 0.06036479915512904, "opt": "sgd", "q": 0.0}, "parameter_index": 0}','/home/me/nni-experiments/wquvs6bj/environments/local-env/trials/zzPcq',3,NULL,'local-env');
INSERT INTO "TrialJobEvent" VALUES(1795397304939,'qmSqq','ADD_RESUMED','',NULL,NULL,NULL,NULL);
INSERT INTO "TrialJobEvent" VALUES(1795397304940,'zzPcq','ADD_RESUMED','',NULL,NULL,NULL,NULL);
INSERT INTO "TrialJobEvent" VALUES(1795397317810,'qmSqq','RUNNING','{"parameter_id":2,"parameter_source":"resumed","parameters":{"lr":0.003011027427422914,"opt":"adam","q":1},"parameter_index":0}','/home/me/nni-experiments/wquvs6bj/environments/local-env/trials/qmSqq',2,NULL,'local-env');
INSERT INTO "TrialJobEvent" VALUES(1795397317866,'zzPcq','RUNNING','{"parameter_id":3,"parameter_source":"resumed","parameters":{"lr":0.06036479915512904,"opt":"sgd","q":0},"parameter_index":0}','/home/me/nni-experiments/wquvs6bj/environments/local-env/trials/zzPcq',3,NULL,'local-env');
INSERT INTO "TrialJobEvent" VALUES(1795397332938,'qmSqq','SUCCEEDED',NULL,'/home/me/nni-experiments/wquvs6bj/environments/local-env/trials/qmSqq',2,NULL,'local-env');
INSERT INTO "TrialJobEvent" VALUES(1795397333355,'EwP9S','RUNNING','{"parameter_id": 4, "parameter_source": "algorithm", "parameters": {"lr": 0.001806750781739756, "opt": "adam", "q": 1.0}, "parameter_index": 0}','/home/me/nni-experiments/wquvs6bj/environments/local-env/trials/EwP9S',4,NULL,'local-env');
INSERT INTO "TrialJobEvent" VALUES(1795397333571,'zzPcq','SUCCEEDED',NULL,'/home/me/nni-experiments/wquvs6bj/environments/local-env/trials/zzPcq',3,NULL,'local-env');
INSERT INTO "TrialJobEvent" VALUES(1795397334255,'HMadc','RUNNING','{"parameter_id": 5, "parameter_source": "algorithm", "parameters": {"lr": 0.00019230244888880437, "opt": "adam", "q": 0.0}, "parameter_index": 0}','/home/me/nni-experiments/wquvs6bj/environments/local-env/trials/HMadc',5,NULL,'local-env');
INSERT INTO "TrialJobEvent" VALUES(1795397351953,'EwP9S','SUCCEEDED',NULL,'/home/me/nni-experiments/wquvs6bj/environments/local-env/trials/EwP9S',4,NULL,'local-env');
INSERT INTO "TrialJobEvent" VALUES(1795397352319,'HMadc','SUCCEEDED',NULL,'/home/me/nni-experiments/wquvs6bj/environments/local-env/trials/HMadc',5,NULL,'local-env');
CREATE INDEX TrialJobEvent_trialJobId on TrialJobEvent(trialJobId);
CREATE INDEX TrialJobEvent_event on TrialJobEvent(event);
CREATE INDEX MetricData_trialJobId on MetricData(trialJobId);
CREATE INDEX MetricData_type on MetricData(type);
CREATE INDEX ExperimentProfile_id on ExperimentProfile(id);
COMMIT;
